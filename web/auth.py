"""Access to the API: a signed token with a claim that grants all campaigns, or one that names some.

In:       the `Authorization` header of a request.
Out:      what may be seen, and until when; or `Denied`: 401 for an invalid token, 403 for a token without the claims.
Promise:  that of `ops.tokens.claims`. No part of a token is logged or returned.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import jwt

from ops.tokens.claims import NoToken, Tokens, bearer_token, has_claim
from schemas.settings import InventorySettings
from web.access import EVERYTHING, Access, NoAccess, access_in

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
        self._access(claims)
        return float(claims["exp"]) + self._settings.jwt_leeway_s

    def access(self, header: str | None) -> Access:
        """What the token may see.

        Raises:
            Denied: the token does not grant access.
        """
        return EVERYTHING if self.is_open else self._access(self._claims(token_in(header)))

    def who(self, header: str | None) -> str:
        """The subject of an admitted token, for records of who did what.

        Raises:
            Denied: the token does not grant access.
        """
        if self.is_open:
            return LOCAL
        subject = self._claims(token_in(header)).get("sub")
        return subject if isinstance(subject, str) and SUBJECT.fullmatch(subject) else UNNAMED

    def _access(self, claims: Mapping[str, Any]) -> Access:
        try:
            return access_in(claims, self._settings)
        except NoAccess as why:
            raise Denied(HTTPStatus.FORBIDDEN, str(why)) from None

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
