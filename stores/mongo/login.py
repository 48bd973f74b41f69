"""The login to MongoDB: refused at the start, and renewed while a process runs.

In:       a client, and the settings that it was made from.
Out:      `check_login` raises a refusal; `Login.follow` takes over a password or certificate that was replaced.
Promise:  an outage is no refusal. New connections use the credentials of the moment; the address of the servers is
          that of the start.

The driver keeps its credentials in its pool's options, and TLS in one context that all its connections share. Nothing
public changes them, and another client would need all stores to be made anew.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import structlog
from cryptography.x509 import load_pem_x509_certificates
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from schemas.errors import AccessRefused, SettingsInvalid
from schemas.settings import MongoSettings
from schemas.stamp import Stamp, stamp_of
from stores.mongo.connection import Client, connect
from stores.mongo.errors import codes_of, described

BAD_LOGINS: Final = frozenset({11, 18})
"""UserNotFound, of a certificate's subject; AuthenticationFailed."""
ATLAS: Final = 8_000
"""Atlas' own code, also for other things than a login."""
BAD_LOGIN: Final = "bad auth"
CERTIFICATE: Final = re.compile(r"certificate verify failed: ([^(\"]+)")
ALERT: Final = re.compile(r"alert ([a-z ]+)")
CERTIFICATE_FILE: Final = "tlscertificatekeyfile"
KEY_OPTION: Final = f"{CERTIFICATE_FILE}password"
AUTHORITIES_FILE: Final = "tlscafile"
LOGIN_OPTIONS: Final = ("auth", "ssl", "tls")
"""How the names of options begin that concern a login or TLS."""

log = structlog.get_logger(__name__)


async def check_login(client: Client, settings: MongoSettings) -> None:
    """Log in once, if the address asks for a login or for TLS. A server that is unavailable is no refusal.

    Raises:
        AccessRefused: the server refuses the login or the client's certificate, or has none that is accepted.
        SettingsInvalid: the mechanism needs a package that is not installed.
    """
    uri = settings.uri.get_secret_value()
    if "@" not in uri and not options_of(uri):
        return
    try:
        await client.admin.command("ping")
    except ConfigurationError as why:
        raise SettingsInvalid(f"CODES_MONGO__URI: {extra_for(str(why))}") from None
    except PyMongoError as why:
        if reason := refusal_of(why) or ended_certificate(uri):
            raise AccessRefused(f"MongoDB: {reason}") from None


def extra_for(text: str) -> str:
    """What a mechanism lacks, in words."""
    is_aws = "auth-aws" in text or "auth_aws" in text
    return "MONGODB-AWS needs the extra `aws`: pip install code-service[aws]" if is_aws else "ConfigurationError"


def refusal_of(why: PyMongoError) -> str | None:
    """Why no retry with the same credentials will help; None if one may."""
    text = str(why)
    codes = codes_of(why)
    if codes & BAD_LOGINS or (ATLAS in codes and BAD_LOGIN in text):
        return f"it refuses the login ({described(why)})"
    if isinstance(why, OperationFailure):
        return None
    if found := CERTIFICATE.search(text):
        return f"its certificate is not accepted: {found[1].strip().rstrip('.')}"
    found = ALERT.search(text)
    return f"it refuses the TLS connection: {found[1].strip()}; check the client certificate" if found else None


def ended_certificate(uri: str) -> str | None:
    """Whether the client's own certificate has ended: some servers only close the connection then."""
    file = options_of(uri).get(CERTIFICATE_FILE)
    if file is None:
        return None
    try:
        ends_at = load_pem_x509_certificates(Path(file).read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError):
        return None
    return f"the client certificate {file} has expired" if ends_at < datetime.now(UTC) else None


def options_of(uri: str) -> dict[str, str]:
    """The options of an address for logins and TLS, by their names in lower case."""
    found = ((name.lower(), values[-1]) for name, values in parse_qs(urlsplit(uri).query).items())
    return {name: value for name, value in found if name.startswith(LOGIN_OPTIONS)}


def hosts_of(uri: str) -> str:
    """The servers that an address names; empty for a text that is no address."""
    return uri.partition("://")[2].partition("/")[0].rpartition("@")[2]


class Login:
    """Lives as long as its client."""

    def __init__(self, client: Client, settings: MongoSettings) -> None:
        self._client = client
        self._settings = settings
        self._hosts = hosts_of(settings.uri.get_secret_value())
        self._seen = self._now()

    def follow(self) -> None:
        """Take over what was replaced since the last call."""
        now = self._now()
        if now == self._seen:
            return
        self._seen = now
        try:
            self._take_over()
        except (SettingsInvalid, OSError) as why:
            log.warning("secret_kept", reason=str(why))

    def _take_over(self) -> None:
        if hosts_of(self._settings.uri.get_secret_value()) != self._hosts:
            raise SettingsInvalid("CODES_MONGO__URI: other servers need a restart")
        fresh = connect(self._settings)
        new, own = fresh.delegate.options, self._client.delegate.options
        fresh.close()
        own.pool_options._PoolOptions__credentials = new.pool_options._credentials  # noqa: SLF001  # see above
        options = options_of(self._settings.uri.get_secret_value())
        file, authorities = options.get(CERTIFICATE_FILE), options.get(AUTHORITIES_FILE)
        tls = own.pool_options._ssl_context  # noqa: SLF001  # as above
        if tls is not None and authorities:
            tls.load_verify_locations(authorities)
        if tls is not None and file:
            tls.load_cert_chain(file, None, options.get(KEY_OPTION))
        for server in self._client.delegate._topology._servers.values():  # noqa: SLF001  # as above
            server.pool.reset_without_pause()  # old connections are closed when they are returned

    def _now(self) -> tuple[str, list[Stamp | None]]:
        uri = self._settings.uri.get_secret_value()
        options = options_of(uri)
        return uri, [stamp_of(options[name]) for name in (CERTIFICATE_FILE, AUTHORITIES_FILE) if name in options]
