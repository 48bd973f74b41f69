"""Rules for the settings of a login: each mechanism has what it needs, and nothing contradicts.

In:   all settings.
Out:  `ACCESS_RULES`; each returns what is wrong, or None.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from schemas.settings import KafkaSettings

if TYPE_CHECKING:
    from ops.settings.load import Settings

OAUTH: Final = "OAUTHBEARER"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def login_has_credentials(settings: "Settings") -> str | None:
    """A SASL protocol needs what its mechanism logs in with."""
    kafka = settings.kafka
    if not kafka.security_protocol.startswith("SASL"):
        return None
    if kafka.sasl_mechanism == OAUTH:
        return _one_source_of_tokens(kafka)
    given = {"SASL_USERNAME": kafka.sasl_username, "SASL_PASSWORD": kafka.sasl_password}
    return _needed(given, f"CODES_KAFKA__SECURITY_PROTOCOL={kafka.security_protocol}")


def certificate_has_key(settings: "Settings") -> str | None:
    """A client certificate needs its key, and the reverse."""
    kafka = settings.kafka
    if (kafka.client_cert_file is None) == (kafka.client_key_file is None):
        return None
    return "CODES_KAFKA__CLIENT_CERT_FILE and CODES_KAFKA__CLIENT_KEY_FILE: one without the other, give both"


def key_has_encryption(settings: "Settings") -> str | None:
    """A KMS key is used only by an encryption with KMS."""
    if settings.s3.kms_key_id is None or (settings.s3.sse or "").startswith("aws:kms"):
        return None
    return "CODES_S3__KMS_KEY_ID: needs CODES_S3__SSE=aws:kms or aws:kms:dsse"


def tokens_have_one_key(settings: "Settings") -> str | None:
    """Tokens of requests are checked with one kind of key."""
    requests = settings.requests
    secret, file = requests.jwt_secret, requests.jwt_keys_file
    if secret is not None and file is not None:
        return "CODES_REQUESTS__JWT_SECRET and CODES_REQUESTS__JWT_KEYS_FILE: both are given, keep one"
    if not requests.require_jwt or secret is not None or file is not None:
        return None
    return "CODES_REQUESTS__REQUIRE_JWT: needs CODES_REQUESTS__JWT_SECRET or CODES_REQUESTS__JWT_KEYS_FILE"


def registry_login_is_whole(settings: "Settings") -> str | None:
    """The registry's login is a user name with its password, or a token; neither is sent without encryption."""
    registry = settings.registry
    if (registry.username is None) != (registry.password is None):
        return "CODES_REGISTRY__USERNAME and CODES_REGISTRY__PASSWORD: one without the other, give both"
    if registry.username is not None and registry.token is not None:
        return "CODES_REGISTRY__USERNAME and CODES_REGISTRY__TOKEN: both are given, keep one"
    has_login = registry.username is not None or registry.token is not None
    if not has_login or registry.url is None or _is_encrypted(registry.url):
        return None
    return "CODES_REGISTRY__URL: credentials are sent to it (allowed: https, or http on loopback)"


def _is_encrypted(url: str) -> bool:
    address = urlsplit(url)
    return address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK)


def _one_source_of_tokens(kafka: KafkaSettings) -> str | None:
    sources = {
        "CODES_KAFKA__OAUTH_TOKEN_FILE": kafka.oauth_token_file,
        "CODES_KAFKA__OAUTH_TOKEN_URL": kafka.oauth_token_url,
        "CODES_KAFKA__OAUTH_MSK_REGION": kafka.oauth_msk_region,
    }
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        return f"{', '.join(given or sources)}: give one of them with CODES_KAFKA__SASL_MECHANISM={OAUTH}"
    return _endpoint(kafka) if kafka.oauth_token_url is not None else None


def _endpoint(kafka: KafkaSettings) -> str | None:
    if not _is_encrypted(kafka.oauth_token_url or ""):
        return "CODES_KAFKA__OAUTH_TOKEN_URL: credentials are sent to it (allowed: https, or http on loopback)"
    given = {"OAUTH_CLIENT_ID": kafka.oauth_client_id, "OAUTH_CLIENT_SECRET": kafka.oauth_client_secret}
    return _needed(given, "CODES_KAFKA__OAUTH_TOKEN_URL")


def _needed(given: Mapping[str, object], reason: str) -> str | None:
    missing = [f"CODES_KAFKA__{name}" for name, value in given.items() if value is None]
    return f"{' and '.join(missing)}: needed with {reason}" if missing else None


ACCESS_RULES: Final[tuple[Callable[["Settings"], str | None], ...]] = (
    login_has_credentials,
    certificate_has_key,
    key_has_encryption,
    tokens_have_one_key,
    registry_login_is_whole,
)
