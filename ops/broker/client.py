"""How every Kafka client of ours connects.

In:       the Kafka settings.
Out:      the arguments that aiokafka's consumer, producer and admin client have in common; Faust's clients get them
          too.
Promise:  a login that the brokers refuse raises `AccessRefused`; see `door.py`.
"""

from typing import Any, Final

from ops.broker import door
from ops.broker.logins import PasswordLogin, TokenLogin
from ops.broker.tls import FreshContext
from ops.settings.access import OAUTH
from schemas.errors import CodeServiceError
from schemas.settings import KafkaSettings

CLIENT_ID: Final = "codes"


class KafkaRefused(CodeServiceError):
    """Kafka will not do this, however often it is asked (rights, a value out of its range)."""


def client_options(settings: KafkaSettings, *, client_id: str = CLIENT_ID) -> dict[str, Any]:
    """Address, security, names and time-outs.

    Raises:
        SettingsInvalid: a file of certificates, keys or tokens cannot be used; the message names its variable.
    """
    options = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": client_id,
        "request_timeout_ms": settings.request_timeout_ms,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol == "PLAINTEXT":
        return options
    door.install()
    guarded = door.Door(settings.refusal_patience_s)
    return options | _sasl(settings, guarded) | _tls(settings, guarded)


def _sasl(settings: KafkaSettings, guarded: door.Door) -> dict[str, Any]:
    if not settings.security_protocol.startswith("SASL"):
        return {}
    if settings.sasl_mechanism == OAUTH:
        return {"sasl_mechanism": OAUTH, "sasl_oauth_token_provider": TokenLogin(settings, guarded)}
    login = PasswordLogin(settings, guarded)
    return {
        "sasl_mechanism": settings.sasl_mechanism,
        **login.name_and_password(),
        "sasl_oauth_token_provider": login,
    }


def _tls(settings: KafkaSettings, guarded: door.Door) -> dict[str, Any]:
    return {"ssl_context": FreshContext(settings, guarded)} if settings.security_protocol.endswith("SSL") else {}
