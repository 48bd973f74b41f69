"""Histories of fans, codes and requests over HTTP, read from MongoDB by a user who may only read.

In:       the id of a fan, a code or a request; the collections, if `CODES_INVENTORY__HISTORY_URI` is set.
Out:      `FanHistory`, `CodeHistory`, `RequestHistory`.
Promise:  no value of a code is read. The inventory works without MongoDB: only these paths answer 501 or 503 then. At
          most `SEARCHES_MAX` searches run at once, each for at most `SEARCH_S_MAX`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from handlers.histories import code_history, fan_history, request_history
from schemas.base import CodeStatus
from schemas.clock import utc_now
from schemas.errors import DocumentUnreadable, StoreUnavailable
from schemas.histories import CodeHistory, FanHistory, RequestHistory
from stores.mongo.collections import Collections
from stores.mongo.histories import Histories
from stores.mongo.lookups import Lookups
from web.access import ACCESS, Access
from web.openapi import Route, narrowing
from web.queries import FanQuery, asked
from web.responses import NoAnswer, answered

SEARCHES_MAX: Final = 2
"""A search reads whole collections; many at once would slow the workers' database."""
SEARCH_S_MAX: Final = 60.0
NO_FAN: Final = "nothing is known of this fan"
OFF: Final = "histories are off: set CODES_INVENTORY__HISTORY_URI"
FAILURES: Final = {
    "501": "Histories are off: `CODES_INVENTORY__HISTORY_URI` is not set.",
    "503": "MongoDB is unavailable or too slow, or too many searches are running.",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where histories are read."""

    collections: Collections
    follow_login: Callable[[], None]
    """Takes over a password that was replaced."""


class Past:
    """Lives as long as the application. Without a source, every path answers 501."""

    def __init__(self, source: Source | None = None) -> None:
        self._source = source
        self._searches = 0

    def routes(self) -> tuple[Route, ...]:
        """The paths."""
        no_fan, no_code = "Nothing is known of this fan.", "The code does not exist."
        return narrowing(
            Route(
                "/api/v1/fans/{fan_id}",
                self._fan,
                "A fan's reservations, and all that happened.",
                FanHistory,
                FanQuery,
                absent=no_fan,
                failures=FAILURES,
            ),
            Route(
                "/api/v1/codes/{code_id}",
                self._code,
                "A code's status, holder, and all that happened.",
                CodeHistory,
                absent=no_code,
                failures=FAILURES,
            ),
        )

    async def fan(self, fan_id: str, campaigns: Sequence[str] | None = None) -> FanHistory | None:
        """A fan's history in these campaigns, None: in all; None if nothing is known of the fan.

        Raises:
            NoAnswer: histories are off, MongoDB does not answer, or too many searches are running.
        """
        async with self._searching() as collections:
            moves = await Histories(collections).of_fan(fan_id, campaigns)
        return fan_history(fan_id, moves, now=utc_now())

    async def code(self, code_id: str, access: Access) -> CodeHistory | None:
        """A code's history; None if it does not exist or may not be seen. Raises NoAnswer, see `fan`."""
        async with self._searching() as collections:
            return await code_past(collections, code_id, access)

    async def request(self, request_id: str, access: Access) -> RequestHistory | None:
        """What became of a request or command; None if nothing may be seen. Raises NoAnswer, see `fan`."""
        async with self._searching() as collections:
            entry = await Lookups(collections).entry(request_id)
            imported = None if entry is not None else await Histories(collections).imported(request_id)
        history = request_history(request_id, entry, imported)
        return history if history is not None and access.sees(history.campaign_id) else None

    async def _fan(self, request: web.Request) -> web.StreamResponse:
        campaigns = wanted_of(asked(request, FanQuery), request[ACCESS])
        history = await self.fan(request.match_info["fan_id"], campaigns)
        if history is None:
            raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", NO_FAN)
        return answered(history)

    async def _code(self, request: web.Request) -> web.StreamResponse:
        history = await self.code(request.match_info["code_id"], request[ACCESS])
        if history is None:
            raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", "there is no such code")
        return answered(history)

    @asynccontextmanager
    async def _searching(self) -> AsyncIterator[Collections]:
        if self._source is None:
            raise NoAnswer(HTTPStatus.NOT_IMPLEMENTED, "not_enabled", OFF)
        if self._searches >= SEARCHES_MAX:
            raise NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "other searches are running; try again")
        self._searches += 1
        try:
            self._source.follow_login()
            async with asyncio.timeout(SEARCH_S_MAX):
                yield self._source.collections
        except (StoreUnavailable, TimeoutError):
            raise NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "MongoDB does not answer in time") from None
        except DocumentUnreadable as why:
            raise NoAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "unreadable", str(why)) from None
        finally:
            self._searches -= 1


def wanted_of(query: FanQuery, access: Access) -> Sequence[str] | None:
    """The campaigns that are searched; None: all. Raises NoAnswer if the one that is asked for may not be seen."""
    if query.campaign_id is None:
        return None if access.campaigns is None else sorted(access.campaigns)
    if not access.sees(query.campaign_id):
        raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", NO_FAN)
    return [query.campaign_id]


async def code_past(collections: Collections, code_id: str, access: Access) -> CodeHistory | None:
    """A code's history; None if it does not exist or may not be seen: then nothing more is read."""
    histories = Histories(collections)
    code = await histories.code(code_id)
    if code is None or not access.sees(code.campaign_id):
        return None
    holder = None if code.status == CodeStatus.AVAILABLE else await Lookups(collections).holder(code)
    return code_history(code, await histories.imported(code.imported_by), holder, await histories.of_code(code_id))
