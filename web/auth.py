"""Access to the API: a signed token with one claim.

In:       the `Authorization` header of a request.
Out:      the instant at which access ends, or `Denied`: 401 for an invalid token, 403 for a token without the claim.
Promise:  the algorithm follows from the configured key, never from the token: `alg: none` and an HS256 token signed
          with the public key are refused. No part of a token is logged or returned.
"""

import re
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from schemas.settings import InventorySettings
from web.keys import KeyFile

SCHEME: Final = "bearer"
"""Case-insensitive (RFC 7235, 2.1)."""
TOKEN_LENGTH_MAX: Final = 8_192
WORD_CLAIMS: Final = ("scope", "roles")
"""Claims that can contain the required word: a string of words, or a list."""
SUBJECT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
LOCAL: Final = "local"
"""Everybody, where no token is required."""
UNNAMED: Final = "a token without a name"


class Denied(Exception):  # becomes a response
    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Guard:
    """Checks tokens. Without a key everyone has access, which the settings allow only on loopback."""

    def __init__(self, settings: InventorySettings) -> None:
        self._settings = settings
        self._keys = KeyFile(settings.jwt_keys_file) if settings.jwt_keys_file else None

    @property
    def is_open(self) -> bool:
        """Whether access needs no token."""
        return self._keys is None and self._settings.jwt_secret is None

    def admit(self, header: str | None) -> float | None:
        """The end of access, in seconds since 1970; None: no end.

        Raises:
            Denied: the token does not grant access.
        """
        if self.is_open:
            return None
        claims = self._claims(token_in(header))
        if not has_claim(claims, self._settings.jwt_claim):
            raise Denied(HTTPStatus.FORBIDDEN, f"the token has no claim {self._settings.jwt_claim}")
        return float(claims["exp"]) + self._settings.jwt_leeway_s

    def who(self, header: str | None) -> str:
        """The subject of an admitted token, for records of who did what.

        Raises:
            Denied: the token does not grant access.
        """
        if self.is_open:
            return LOCAL
        subject = self._claims(token_in(header)).get("sub")
        return subject if isinstance(subject, str) and SUBJECT.fullmatch(subject) else UNNAMED

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            key, algorithm = self._key_for(token)
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                leeway=settings.jwt_leeway_s,
                options={"require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token has expired") from None
        except jwt.InvalidTokenError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token is not valid here") from None

    def _key_for(self, token: str) -> tuple[str | RSAPublicKey, str]:
        if self._keys is not None:
            return self._keys.key(jwt.get_unverified_header(token).get("kid")), "RS256"
        secret = self._settings.jwt_secret
        assert secret is not None
        return secret.get_secret_value(), "HS256"


def token_in(header: str | None) -> str:
    """The token of an `Authorization` header.

    Raises:
        Denied: there is no token, it has another scheme, or it is too long.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip() or len(token) > TOKEN_LENGTH_MAX:
        raise Denied(HTTPStatus.UNAUTHORIZED, "a bearer token is needed")
    return token.strip()


def viewer_of(header: str | None) -> str:
    """Identifies a token when counting streams: a digest, so that the token itself is not stored."""
    return sha256(token_in(header).encode()).hexdigest()


def has_claim(claims: dict[str, Any], name: str) -> bool:
    """Whether a claim of this name is true, or `scope` or `roles` has this word."""
    return claims.get(name) is True or any(name in words_of(claims.get(claim)) for claim in WORD_CLAIMS)


def words_of(value: object) -> list[object]:
    if isinstance(value, str):
        return list(value.split())
    return value if isinstance(value, list) else []
