"""Whether requests have a token that allows them.

In:       readable requests with their records.
Out:      by offset, why a request is not allowed; nothing of those that are.
Promise:  a token is judged at the time of its record, as everything in it: a redelivery is judged the same. Key files
          are read, and signatures verified, in a thread. No part of a token is in a reason.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from ops.tokens.claims import NoToken, Tokens, bearer_token, has_claim, words_of
from ops.tokens.keys import NoKeys
from schemas.base import EXPIRER_PREFIX
from schemas.errors import KeysUnavailable
from schemas.records import AUTHORIZATION, Asked
from schemas.request_settings import RequestSettings
from schemas.requests import Request

KEYS_VARIABLE: Final = "CODES_REQUESTS__JWT_KEYS_FILE"
MISSING: Final = "authorization: a bearer token is needed"
EXPIRED: Final = "authorization: the token had expired"
INVALID: Final = "authorization: the token is not valid here"
OTHER_CAMPAIGN: Final = "authorization: the token does not grant this campaign"

Verdict = Mapping[str, Any] | str
"""The claims, or why there are none."""


class RequestTokens:
    """Implements `consumers.worker.authorizing.Authorizer`."""

    def __init__(self, settings: RequestSettings) -> None:
        """Raises SettingsInvalid if the file of keys cannot be used."""
        self._settings = settings
        self._tokens = Tokens(settings, KEYS_VARIABLE)

    async def refused(self, requests: Sequence[Asked[Request]]) -> Mapping[int, str]:
        """See `Authorizer.refused`."""
        return await asyncio.to_thread(self._refused, requests)

    def _refused(self, requests: Sequence[Asked[Request]]) -> dict[int, str]:
        """A sender has few tokens: each is verified once."""
        known: dict[tuple[bytes | None, int], Verdict] = {}
        found = {asked.record.offset: self._why_not(asked, known) for asked in requests}
        return {offset: why for offset, why in found.items() if why is not None}

    def _why_not(self, asked: Asked[Request], known: dict[tuple[bytes | None, int], Verdict]) -> str | None:
        """The expirer has no token, and its ids do no harm: only a hold that is over can be released under one."""
        if asked.request.request_id.startswith(EXPIRER_PREFIX):
            return None
        at_s = asked.record.timestamp_ms // 1000
        key = (asked.record.header(AUTHORIZATION), at_s)
        if key not in known:
            known[key] = self._verdict(*key)
        claims = known[key]
        if isinstance(claims, str):
            return claims
        return None if self._grants(claims, asked.request.campaign_id) else OTHER_CAMPAIGN

    def _grants(self, claims: Mapping[str, Any], campaign_id: str) -> bool:
        settings = self._settings
        return has_claim(claims, settings.jwt_claim) or campaign_id in words_of(
            claims.get(settings.jwt_campaigns_claim)
        )

    def _verdict(self, header: bytes | None, at_s: int) -> Verdict:
        try:
            return self._tokens.claims(bearer_token((header or b"").decode()), at=at_s)
        except NoToken:
            return MISSING
        except NoKeys:
            raise KeysUnavailable(f"{KEYS_VARIABLE}: the file cannot be read") from None
        except jwt.ExpiredSignatureError:
            return EXPIRED
        except (jwt.InvalidTokenError, UnicodeDecodeError):
            return INVALID
