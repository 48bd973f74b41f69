"""Tokens of an identity provider, for client credentials (OAuth 2.0, RFC 6749 section 4.4).

In:       the token endpoint, a client id and its secret.
Out:      a token that is still valid for a while.
Promise:  a token is requested again before it ends, at the first connection after `RENEWED_AT` of its life. While
          the endpoint is unavailable, the last token is used until it ends.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote_plus

import aiohttp
import orjson

from ops.broker.refusals import TokenRefused, TokenUnavailable, word_in
from ops.broker.tls import trusting
from ops.settings.secret_files import current
from schemas.settings import KafkaSettings

RENEWED_AT: Final = 0.8
"""Share of its life after which a token is renewed."""
LIFE_S: Final = 300.0
"""Life of a token if the endpoint does not say it."""
ANSWER_TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 262_144
REFUSALS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the instants (monotonic seconds) at which it is renewed and ends."""

    text: str
    renewed_at: float
    ends_at: float


class EndpointTokens:
    """Lives as long as its process; all connections use the same token. `clock`: monotonic seconds."""

    def __init__(self, settings: KafkaSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises SettingsInvalid if the file of authorities cannot be used."""
        self._settings = settings
        self._clock = clock
        self._tls = trusting(settings.oauth_ca_file, "CODES_KAFKA__OAUTH_CA_FILE")
        self._token: Token | None = None
        self._requesting = asyncio.Lock()

    async def token(self) -> str:
        """The token of this moment.

        Raises:
            TokenUnavailable: the endpoint is unavailable, and there is no valid token.
            TokenRefused: the endpoint refuses the credentials.
        """
        async with self._requesting:
            token = self._token
            if token is None or self._clock() >= token.renewed_at:
                token = self._token = await self._renewed(token)
            return token.text

    async def _renewed(self, last: Token | None) -> Token:
        try:
            return await self._requested()
        except TokenUnavailable:
            if last is None or self._clock() >= last.ends_at:
                raise
            return last

    async def _requested(self) -> Token:
        asked_at = self._clock()
        status, body = await self._post()
        if status in REFUSALS:
            raise TokenRefused(f"the token endpoint refuses the client credentials ({word_in(body, 'error')})")
        text, life_s = token_in(body) if status == HTTPStatus.OK else (None, 0.0)
        if text is None:
            raise TokenUnavailable(f"the token endpoint answered {status} without a token")
        return Token(text, asked_at + life_s * RENEWED_AT, asked_at + life_s)

    async def _post(self) -> tuple[int, bytes]:
        settings = self._settings
        secret = settings.oauth_client_secret
        assert secret is not None  # the settings see to it
        form = {
            "grant_type": "client_credentials",
            "scope": settings.oauth_scope,
            "audience": settings.oauth_audience,
        }
        login = basic(current(settings.oauth_client_id), secret.get_secret_value())
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)) as session,
                session.post(
                    settings.oauth_token_url or "",
                    data={name: value for name, value in form.items() if value is not None},
                    headers={"Accept": "application/json", "Authorization": login},
                    ssl=self._tls,
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status, await answer.content.read(ANSWER_BYTES_MAX)
        except aiohttp.ClientConnectorCertificateError as why:
            raise TokenRefused(f"the token endpoint's certificate is not accepted ({type(why).__name__})") from None
        except (aiohttp.ClientError, TimeoutError) as why:
            raise TokenUnavailable(f"the token endpoint is unavailable: {type(why).__name__}") from None


def basic(name: str, secret: str) -> str:
    """The `Authorization` header of a client (RFC 6749, section 2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()


def token_in(body: bytes) -> tuple[str | None, float]:
    """The token of an answer, and its life in seconds."""
    try:
        answer = orjson.loads(body)
        text, life_s = answer["access_token"], float(answer.get("expires_in") or LIFE_S)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, 0.0
    return (text if isinstance(text, str) and text else None), life_s
