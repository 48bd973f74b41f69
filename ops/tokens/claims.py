"""The claims of a signed token.

In:       the value of an `authorization` header, key sources.
Out:      claims; whether they grant something.
Promise:  the algorithm follows from the configured key, never from the token: `alg: none` and an HS256 token signed
          with the public key are refused. No part of a token is logged or returned in an error.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import SecretStr

from ops.tokens.keys import KeyFile

SCHEME: Final = "bearer"
"""Case-insensitive (RFC 7235, 2.1)."""
TOKEN_LENGTH_MAX: Final = 8_192
WORD_CLAIMS: Final = ("scope", "roles")
"""Claims that can contain a required word: a string of words, or a list."""
REQUIRED: Final = ("exp",)


class NoToken(Exception):
    """The header holds no bearer token. Send `Bearer`, a space, and the token."""


class TokenSettings(Protocol):
    """Groups of settings that say which tokens are valid."""

    @property
    def jwt_secret(self) -> SecretStr | None: ...
    @property
    def jwt_keys_file(self) -> str | None: ...
    @property
    def jwt_audience(self) -> str | None: ...
    @property
    def jwt_issuer(self) -> str | None: ...
    @property
    def jwt_leeway_s(self) -> int: ...


class Tokens:
    """Reads tokens; lives as long as its process."""

    def __init__(self, settings: TokenSettings, variable: str) -> None:
        """`variable` names the file of keys. Raises SettingsInvalid if that file cannot be used."""
        self._settings = settings
        self._keys = KeyFile(settings.jwt_keys_file, variable=variable) if settings.jwt_keys_file else None

    @property
    def has_key(self) -> bool:
        return self._keys is not None or self._settings.jwt_secret is not None

    def claims(self, token: str, *, at: float | None = None) -> dict[str, Any]:
        """The claims of a token that is valid now, or was at this time, in seconds since 1970.

        Raises:
            NoKeys: whether it is valid is unknown.
            jwt.ExpiredSignatureError: it has expired.
            jwt.InvalidTokenError: it is not valid here.
        """
        try:
            claims = self._decoded(token, is_now=at is None)
        except RecursionError:  # JSON nested as deep as nobody's; its header is parsed before its signature is known
            raise jwt.DecodeError("nested too deep") from None
        if at is not None:
            check_time(claims, at, self._settings.jwt_leeway_s)
        return claims

    def _decoded(self, token: str, *, is_now: bool) -> dict[str, Any]:
        settings = self._settings
        key, algorithm = self._key_for(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
            leeway=settings.jwt_leeway_s,
            options={"require": list(REQUIRED), "verify_exp": is_now, "verify_nbf": is_now, "verify_iat": is_now},
        )
        return claims

    def _key_for(self, token: str) -> tuple[str | RSAPublicKey, str]:
        if self._keys is not None:
            return self._keys.key(jwt.get_unverified_header(token).get("kid")), "RS256"
        secret = self._settings.jwt_secret
        assert secret is not None
        return secret.get_secret_value(), "HS256"


def check_time(claims: Mapping[str, Any], at: float, leeway_s: int) -> None:
    """Raises jwt.InvalidTokenError if the token was not valid yet at this time, or no longer."""
    end, begin = claims["exp"], claims.get("nbf", 0)
    if not is_number(end) or not is_number(begin):
        raise jwt.DecodeError("exp and nbf must be numbers")
    if at >= end + leeway_s:
        raise jwt.ExpiredSignatureError("expired")
    if at < begin - leeway_s:
        raise jwt.ImmatureSignatureError("not valid yet")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def bearer_token(header: str | None) -> str:
    """The token of an `authorization` header. Raises NoToken: none, another scheme, or too long."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip() or len(token) > TOKEN_LENGTH_MAX:
        raise NoToken
    return token.strip()


def has_claim(claims: Mapping[str, Any], name: str) -> bool:
    """Whether a claim of this name is true, or `scope` or `roles` has this word."""
    return claims.get(name) is True or any(name in words_of(claims.get(claim)) for claim in WORD_CLAIMS)


def words_of(value: object) -> list[object]:
    if isinstance(value, str):
        return list(value.split())
    return value if isinstance(value, list) else []
