"""The inventory's HTTP API, asked for all that is shown at once.

In:       an address, a token, what is wanted.
Out:      `Figures`, or one of `cli.top.errors`.
Promise:  the token goes to this address only: no redirect is followed, and no message holds it or what was answered.

It is asked again and again. The live stream would tell the campaigns that changed; which ones stand first by a sort,
and how many match, only a page of the API says.
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
from web.models import AlertList, CampaignPage, DeadLetterCounts, ImportList, LagList
from web.queries import LIMIT_MAX

TIMEOUT_S: Final = 5.0
"""Seconds one answer may take."""
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
"""What a reader looks for stands first: the scarce, the large, the fast, the soon empty, the latest."""
DENIALS: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "a token is needed, or the one given is not valid",
    HTTPStatus.FORBIDDEN: "the token is valid, but has no claim that gives access",
}

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which campaigns."""

    search: str = ""
    """Part of the id, in any case; imports and alerts are chosen by it too."""
    sort: Sort = "empty"

    def matches(self, campaign_id: str) -> bool:
        """Whether a campaign is asked for."""
        return self.search.casefold() in campaign_id.casefold()


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is shown, as it was at one instant."""

    at: datetime
    campaigns: CampaignPage
    imports: ImportList
    lag: LagList
    alerts: AlertList
    dead_letters: DeadLetterCounts


class Api:
    """The API of one address."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def figures(self, wanted: Wanted, limit: int = LIMIT_MAX) -> Figures:
        """Everything, at most `limit` campaigns.

        Raises:
            ApiUnavailable: nothing answers, or not in time.
            ApiDenied: the token is missing, not valid, or lacks the claim.
            ApiUnreadable: the answer is none of this API's.
        """
        query = {"sort": wanted.sort, "order": ORDERS[wanted.sort], "limit": str(limit), "search": wanted.search}
        imports = await self._ask("imports", ImportList)
        alerts = await self._ask("alerts", AlertList, limit=str(ALERTS_MAX))
        return Figures(
            campaigns=await self._ask("campaigns", CampaignPage, **query),
            imports=imports.model_copy(update={"items": [i for i in imports.items if wanted.matches(i.campaign_id)]}),
            alerts=AlertList(items=[one for one in alerts.items if wanted.matches(one.campaign_id)]),
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
            raise ApiUnreadable(f"{self.url}: /api/{path} answered something else than {model.__name__}") from None

    def _refuse(self, status: int) -> None:
        if status in DENIALS:
            raise ApiDenied(f"{self.url}: {status}, {DENIALS[status]}")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ApiUnavailable(f"{self.url}: answered {status}")
        if status != HTTPStatus.OK:
            raise ApiUnreadable(f"{self.url}: answered {status}")


@asynccontextmanager
async def opened(url: str, token: SecretStr | None) -> AsyncIterator[Api]:
    """The API at an address; nothing is asked yet.

    Raises:
        SettingsInvalid: the address or the token cannot be one.
    """
    address, headers = checked(url), bearer(token)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Api(session, address)


def checked(url: str) -> str:
    """An address without a slash at its end."""
    try:
        address = URL(url)
    except ValueError:
        address = URL()
    if address.scheme not in {"http", "https"} or not address.host or address.user or address.query_string:
        raise SettingsInvalid("--url: must be http://host:port or https://host, without user and query")
    return str(address).rstrip("/")


def bearer(token: SecretStr | None) -> dict[str, str]:
    """The header that a token comes in."""
    text = "" if token is None else token.get_secret_value().strip()
    if text and not TOKEN.fullmatch(text):
        raise SettingsInvalid("CODES_INVENTORY__TOKEN, --token: holds signs that no token has")
    return {"Authorization": f"Bearer {text}"} if text else {}
