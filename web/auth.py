"""Access to the API: a signed token with one claim.

In:       the `Authorization` header of a request.
Out:      the instant at which access ends, or `Denied`: 401 for an invalid token, 403 for a token without the claim.
Promise:  that of `ops.tokens.claims`. No part of a token is logged or returned.
"""

import re
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import jwt

from ops.tokens.claims import NoToken, Tokens, bearer_token, has_claim
from schemas.settings import InventorySettings

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
        self._tokens = Tokens(settings, "CODES_INVENTORY__JWT_KEYS_FILE")

    @property
    def is_open(self) -> bool:
        """Whether access needs no token."""
        return not self._tokens.has_key

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

    def has(self, header: str | None, claim: str) -> bool:
        """Whether the token of an admitted request has a further claim; without tokens, nobody has.

        Raises:
            Denied: the token does not grant access.
        """
        return not self.is_open and has_claim(self._claims(token_in(header)), claim)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return self._tokens.claims(token)
        except jwt.ExpiredSignatureError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token has expired") from None
        except jwt.InvalidTokenError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token is not valid here") from None


def token_in(header: str | None) -> str:
    """The token of an `Authorization` header.

    Raises:
        Denied: there is no token, it has another scheme, or it is too long.
    """
    try:
        return bearer_token(header)
    except NoToken:
        raise Denied(HTTPStatus.UNAUTHORIZED, "a bearer token is needed") from None


def viewer_of(header: str | None) -> str:
    """Identifies a token when counting streams: a digest, so that the token itself is not stored."""
    return sha256(token_in(header).encode()).hexdigest()
