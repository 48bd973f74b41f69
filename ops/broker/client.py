"""How every Kafka client of ours connects.

In:       the Kafka settings.
Out:      the arguments that aiokafka's consumer, producer and admin client have in common.
"""

from ssl import SSLContext
from typing import Any, Final

from schemas.errors import CodeServiceError, SettingsInvalid
from schemas.settings import KafkaSettings

CLIENT_ID: Final = "codes"


class KafkaRefused(CodeServiceError):
    """Kafka will not do this, however often it is asked (rights, a value out of its range)."""


def client_options(settings: KafkaSettings, *, client_id: str = CLIENT_ID) -> dict[str, Any]:
    """Address, security, names and time-outs.

    Raises:
        SettingsInvalid: a file of certificates or keys cannot be used; the message names its variable.
    """
    return {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": client_id,
        "request_timeout_ms": settings.request_timeout_ms,
        "security_protocol": settings.security_protocol,
        **_sasl(settings),
        **_tls(settings),
    }


def _sasl(settings: KafkaSettings) -> dict[str, Any]:
    if not settings.security_protocol.startswith("SASL"):
        return {}
    password = settings.sasl_password
    return {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


def _tls(settings: KafkaSettings) -> dict[str, Any]:
    if not settings.security_protocol.endswith("SSL"):
        return {}
    context = _authorities(settings.ca_file)
    if settings.client_cert_file is not None:
        _show_certificate(context, settings)
    return {"ssl_context": context}


def _authorities(ca_file: str | None) -> SSLContext:
    from aiokafka.helpers import create_ssl_context  # noqa: PLC0415  # only who uses TLS pays for its import

    try:
        context: SSLContext = create_ssl_context(cafile=ca_file)
    except OSError as error:
        raise SettingsInvalid(f"CODES_KAFKA__CA_FILE: {_unusable(ca_file, error)}") from None
    return context


def _show_certificate(context: SSLContext, settings: KafkaSettings) -> None:
    password = settings.client_key_password
    secret = password.get_secret_value() if password else ""  # without any, OpenSSL asks at the terminal
    try:
        context.load_cert_chain(settings.client_cert_file or "", settings.client_key_file, secret)
    except OSError as error:
        names = "CODES_KAFKA__CLIENT_CERT_FILE, CODES_KAFKA__CLIENT_KEY_FILE, CODES_KAFKA__CLIENT_KEY_PASSWORD"
        files = f"{settings.client_cert_file} with {settings.client_key_file}"
        raise SettingsInvalid(f"{names}: {_unusable(files, error)}") from None


def _unusable(file: str | None, error: OSError) -> str:
    return f"{file} cannot be used: {error.strerror or 'it holds no usable PEM, or the password is wrong'}"
