"""Settings of requests: whether a worker requires tokens, which are valid, and which formats a value may have."""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.settings import Group
from schemas.wire_format import RegistryFormat

ClaimName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")]


class RequestSettings(Group):
    """Tokens of requests (a bearer token in the record's header `authorization`), and the formats of their values."""

    require_jwt: bool = False
    """Whether `codes worker` rejects requests without a valid token; needs `jwt_secret` or `jwt_keys_file`."""
    jwt_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    """Secret of tokens that are signed with HS256; at least 32 characters."""
    jwt_keys_file: str | None = None
    """File with the public keys of tokens that are signed with RS256: a JWKS, or one key as PEM. Read again when it
    changes. While it cannot be read for long, requests wait."""
    jwt_claim: ClaimName = "supreme"
    """Name that grants all campaigns: a claim of this name that is `true`, or this word in the claims `scope` or
    `roles`."""
    jwt_campaigns_claim: ClaimName = "campaigns"
    """Name of the claim that grants single campaigns: a list of their ids, or a text with spaces between them."""
    jwt_audience: str | None = None
    """Audience that `aud` must name. Without it, a token that names an audience is refused."""
    jwt_issuer: str | None = None
    """Issuer that `iss` must name; default: any."""
    jwt_leeway_s: Annotated[int, Field(ge=0, le=300)] = 10
    """Seconds by which the clocks of the tokens' issuer and of the brokers may differ."""
    token: SecretStr | None = None
    """Used by `codes publish` and `codes dead-letters replay` only: the bearer token that they send with requests."""
    registry_formats: tuple[RegistryFormat, ...] = ()
    """Formats of a schema registry that values of requests and commands may have besides plain JSON: `json`, which is
    JSON with a schema's id before it (a zero byte and four bytes) or in a header. The id is ignored."""
