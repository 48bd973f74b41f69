"""TLS towards the brokers, with certificates that are read again when a file changes.

In:       the Kafka settings, which name the files.
Out:      a context for every client of a process.
Promise:  a new connection uses the files as they are then. A file that cannot be used changes nothing: the last
          usable files remain in use, and the log says so once.
"""

from ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLObject, create_default_context
from typing import Any, Self

import structlog

from ops.broker.door import Door, Doorkeeper
from schemas.errors import SettingsInvalid
from schemas.settings import KafkaSettings
from schemas.stamp import Stamp, stamp_of

log = structlog.get_logger(__name__)


class FreshContext(Doorkeeper, SSLContext):
    """Stands for a context that is made again when one of its files changes."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, PROTOCOL_TLS_CLIENT)

    def __init__(self, settings: KafkaSettings, door: Door) -> None:
        """Raises SettingsInvalid if a file cannot be used."""
        self.door = door
        self._settings = settings
        self._stamps = self._now()
        self._made = context(settings)

    def wrap_bio(self, *arguments: Any, **options: Any) -> SSLObject:  # noqa: ANN401  # of the class above
        """Called by asyncio for each connection."""
        return self._current().wrap_bio(*arguments, **options)

    def _current(self) -> SSLContext:
        now = self._now()
        if now != self._stamps:
            self._stamps = now
            try:
                self._made = context(self._settings)
            except SettingsInvalid as why:
                log.warning("secret_kept", reason=str(why))
        return self._made

    def _now(self) -> list[Stamp | None]:
        settings = self._settings
        files = (settings.ca_file, settings.client_cert_file, settings.client_key_file)
        return [stamp_of(file) for file in files if file is not None]


def context(settings: KafkaSettings) -> SSLContext:
    """A context that checks the broker's certificate and name, and shows the client's certificate if there is one.

    Raises:
        SettingsInvalid: a file cannot be used; the message names its variable.
    """
    made = trusting(settings.ca_file, "CODES_KAFKA__CA_FILE")
    if settings.client_cert_file is not None:
        _show_certificate(made, settings)
    return made


def trusting(ca_file: str | None, variable: str) -> SSLContext:
    """A context that trusts these authorities, or those of the system.

    Raises:
        SettingsInvalid: the file cannot be used.
    """
    try:
        return create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsInvalid(f"{variable}: {_unusable(ca_file, error)}") from None


def _show_certificate(made: SSLContext, settings: KafkaSettings) -> None:
    password = settings.client_key_password
    secret = password.get_secret_value() if password else ""  # without any, OpenSSL asks at the terminal
    try:
        made.load_cert_chain(settings.client_cert_file or "", settings.client_key_file, secret)
    except OSError as error:
        names = "CODES_KAFKA__CLIENT_CERT_FILE, CODES_KAFKA__CLIENT_KEY_FILE, CODES_KAFKA__CLIENT_KEY_PASSWORD"
        files = f"{settings.client_cert_file} with {settings.client_key_file}"
        raise SettingsInvalid(f"{names}: {_unusable(files, error)}") from None


def _unusable(file: str | None, error: OSError) -> str:
    return f"{file} cannot be used: {error.strerror or 'it holds no usable PEM, or the password is wrong'}"
