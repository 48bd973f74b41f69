"""Who may act: a claim besides the one that lets a token look, and a page of this very host.

In:       a request that the guard has admitted; `CODES_ACTIONS__*`.
Out:      who acts, or an error: 501 if nobody may act here, 403 if this token or this origin may not.
Promise:  by default nobody acts, with or without a token.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from schemas.action_settings import ActionSettings
from web.auth import Denied, Guard
from web.responses import NoAnswer

NO_URI: Final = "actions are off: set CODES_ACTIONS__URI"
NO_CLAIM: Final = "nobody may act: set CODES_ACTIONS__CLAIM"
NO_TOKENS: Final = "nobody may act without a token: set CODES_ACTIONS__WITHOUT_TOKEN"
NO_S3: Final = "uploads and reject reports are off: set CODES_ACTIONS__S3"
NO_BUCKET: Final = "there is no bucket to upload to: set CODES_S3__ALLOWED_BUCKETS"
NO_REPLAY: Final = "replays are off: set CODES_ACTIONS__REPLAY"


class Rights:
    """Lives as long as the application."""

    def __init__(self, guard: Guard, settings: ActionSettings) -> None:
        self._guard = guard
        self._settings = settings

    def actor(self, request: web.Request) -> str:
        """The name for the audit record.

        Raises:
            NoAnswer: 501, with the setting that is missing.
            Denied: 403; the token has no such claim, or a page of another origin asks.
        """
        off = self.off()
        if off is not None:
            raise NoAnswer(HTTPStatus.NOT_IMPLEMENTED, "not_enabled", off)
        header, claim = request.headers.get("Authorization"), self._settings.claim
        if not self._guard.is_open and (claim is None or not self._guard.has(header, claim)):
            raise Denied(HTTPStatus.FORBIDDEN, f"to act, the token needs the claim {claim}")
        if not self._is_own_page(request):
            raise Denied(HTTPStatus.FORBIDDEN, "a page of another origin may not act; see CODES_ACTIONS__ORIGIN")
        return self._guard.who(header)

    def off(self) -> str | None:
        """The setting without which nobody acts here."""
        if self._settings.uri is None:
            return NO_URI
        if self._guard.is_open:
            return None if self._settings.without_token else NO_TOKENS
        return NO_CLAIM if self._settings.claim is None else None

    def needs(self, is_on: bool, otherwise: str) -> None:
        """Raises NoAnswer: 501, if what an action needs is off."""
        if not is_on:
            raise NoAnswer(HTTPStatus.NOT_IMPLEMENTED, "not_enabled", otherwise)

    def _is_own_page(self, request: web.Request) -> bool:
        """Browsers name the origin of every POST; programs name none."""
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        if self._settings.origin is not None:
            return origin == self._settings.origin
        return urlsplit(origin).netloc == request.host
