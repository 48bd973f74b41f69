"""Client of the inventory's HTTP API: reads everything that the screen shows.

In:       an address, a token, a selection of campaigns.
Out:      `Figures`, or one of `cli.top.errors`.
Promise:  the token is sent to this address only: redirects are not followed, and no message holds the token or the
          response.

It polls. The live stream has only the campaigns that changed; their order, and the number of matches, are only in a
page of the API.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeVar

import aiohttp
from pydantic import BaseModel, SecretStr, ValidationError
from yarl import URL

from cli.top.errors import ApiDenied, ApiUnavailable, ApiUnreadable
from schemas.errors import SettingsInvalid
from web.answers import Order, Sort
from web.judgements import AttentionList, HealthReport
from web.models import AlertList, CampaignPage, DeadLetterCounts, ImportList, LagList
from web.queries import LIMIT_MAX

TIMEOUT_S: Final = 5.0
"""Seconds until a response must be complete."""
ALERTS_MAX: Final = 100
TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
ORDERS: Final[dict[Sort, Order]] = {
    "name": "asc",
    "available": "asc",
    "total": "desc",
    "rate": "desc",
    "empty": "asc",
    "changed": "desc",
}
"""For each sort: fewest available, most codes, highest rate, soonest empty, latest change first."""
DENIALS: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "the token is missing or invalid",
    HTTPStatus.FORBIDDEN: "the token is valid, but has no claim that grants access",
}

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Wanted:
    search: str = ""
    """Part of the id, case-insensitive; also selects imports and alerts."""
    sort: Sort = "empty"

    def matches(self, campaign_id: str) -> bool:
        return self.search.casefold() in campaign_id.casefold()


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the screen shows, at one instant."""

    at: datetime
    health: HealthReport
    attention: AttentionList
    campaigns: CampaignPage
    imports: ImportList
    lag: LagList
    alerts: AlertList
    dead_letters: DeadLetterCounts


class Api:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def figures(self, wanted: Wanted, limit: int = LIMIT_MAX) -> Figures:
        """Read all figures, with at most `limit` campaigns.

        Raises:
            ApiUnavailable: there is no response in time.
            ApiDenied: the token is missing or invalid, or lacks the claim.
            ApiUnreadable: the response is not one of this API.
        """
        query = {"sort": wanted.sort, "order": ORDERS[wanted.sort], "limit": str(limit), "search": wanted.search}
        imports = await self._ask("imports", ImportList)
        alerts = await self._ask("alerts", AlertList, limit=str(ALERTS_MAX))
        matching = [item for item in imports.items if wanted.matches(item.campaign_id)]
        attention = await self._ask("attention", AttentionList)
        items = [item for item in attention.items if item.campaign_id is None or wanted.matches(item.campaign_id)]
        return Figures(
            health=await self._ask("health", HealthReport),
            attention=attention.model_copy(update={"items": items}),
            campaigns=await self._ask("campaigns", CampaignPage, **query),
            imports=imports.model_copy(update={"items": matching}),
            alerts=AlertList(items=[alert for alert in alerts.items if wanted.matches(alert.campaign_id)]),
            lag=await self._ask("lag", LagList),
            dead_letters=await self._ask("dead-letters", DeadLetterCounts),
            at=datetime.now(UTC),
        )

    async def _ask(self, path: str, model: type[A], **query: str) -> A:
        try:
            async with self._session.get(f"{self.url}/api/{path}", params=query, allow_redirects=False) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError) as why:  # a TimeoutError is an OSError
            raise ApiUnavailable(f"{self.url}: {type(why).__name__}") from None
        self._refuse(answer.status)
        try:
            return model.model_validate_json(body)
        except ValidationError:
            raise ApiUnreadable(f"{self.url}: /api/{path} did not answer with {model.__name__}") from None

    def _refuse(self, status: int) -> None:
        if status in DENIALS:
            raise ApiDenied(f"{self.url}: {status}, {DENIALS[status]}")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ApiUnavailable(f"{self.url}: answered {status}")
        if status != HTTPStatus.OK:
            raise ApiUnreadable(f"{self.url}: answered {status}")


@asynccontextmanager
async def opened(url: str, token: SecretStr | None) -> AsyncIterator[Api]:
    """A client for this address; sends no request yet.

    Raises:
        SettingsInvalid: the address or the token is malformed.
    """
    address, headers = checked(url), bearer(token)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Api(session, address)


def checked(url: str) -> str:
    """The address, validated, without a trailing slash."""
    try:
        address = URL(url)
    except ValueError:
        address = URL()
    if address.scheme not in {"http", "https"} or not address.host or address.user or address.query_string:
        raise SettingsInvalid("--url: must be http://host:port or https://host, without user and query")
    return str(address).rstrip("/")


def bearer(token: SecretStr | None) -> dict[str, str]:
    """The authorization header; none without a token."""
    text = "" if token is None else token.get_secret_value().strip()
    if text and not TOKEN.fullmatch(text):
        raise SettingsInvalid("CODES_INVENTORY__TOKEN, --token: contains characters that are not allowed in a token")
    return {"Authorization": f"Bearer {text}"} if text else {}
