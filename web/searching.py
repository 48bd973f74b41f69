"""One search for everything: campaigns, imports, a request, a code, a fan.

In:       a part of a name, or an id.
Out:      `Found`; `RequestHistory`.
Promise:  campaigns and imports are answered without MongoDB. A kind that cannot be searched is named, with the
          reason; after a database that does not answer, the remaining kinds are not tried.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field

from consumers.inventory.view import InventoryView
from handlers.inventory.letter_ids import ID
from schemas.histories import RequestHistory
from web.access import ACCESS, Access
from web.answers import import_list, narrowed
from web.found import Found, HistoryKind
from web.models import ImportProgress, Reason
from web.openapi import Route, narrowing
from web.past import FAILURES, Past
from web.queries import Query, asked
from web.responses import NoAnswer, answered

FOUND_MAX: Final = 20
"""Campaigns, and imports, of one answer; the page has all of them."""
LEFT_OUT: Final[Mapping[str, tuple[HistoryKind, ...]]] = {
    "with": (),
    "without": ("fan",),
    "only": ("request", "code"),
}
SEARCH: Final = "Campaigns and imports by a part of their names; a request, a code and a fan by their id."


class SearchQuery(Query):
    q: Annotated[str, Field(min_length=1, max_length=128)]
    """Part of a name, case-insensitive, or a whole id."""
    fan: Literal["with", "without", "only"] = "with"
    """Whether to look for a fan, which reads all reservations and the whole ledger; `only`: not for the others."""


@dataclass(slots=True)
class Histories:
    """What was found in the database."""

    found: dict[HistoryKind, Any] = field(default_factory=dict)
    unanswered: dict[HistoryKind, Reason] = field(default_factory=dict)


class Search:
    """The routes of one process."""

    def __init__(self, view: InventoryView, past: Past) -> None:
        self._view = view
        self._past = past

    def routes(self) -> tuple[Route, ...]:
        """The paths."""
        return narrowing(
            Route("/api/search", self._search, SEARCH, Found, SearchQuery),
            Route(
                "/api/v1/requests/{request_id}",
                self._request,
                "What became of a request, or of the command of an import.",
                RequestHistory,
                absent="Nothing is known of this request.",
                failures=FAILURES,
            ),
        )

    async def _request(self, request: web.Request) -> web.StreamResponse:
        found = await self.request(request.match_info["request_id"], request[ACCESS])
        if found is None:
            raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", "nothing is known of this request")
        return answered(found)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        query = asked(request, SearchQuery)
        q = query.q.strip()
        part, access = q.casefold(), request[ACCESS]
        campaigns = sorted(name for name in self._campaigns(access) if part in name.casefold())
        imports = [item for item in narrowed(import_list(self._view), access).items if is_in(part, item)]
        histories = await self._histories(q, query.fan, access)
        return answered(
            Found(
                q=q,
                campaigns=campaigns[:FOUND_MAX],
                campaigns_total=len(campaigns),
                imports=imports[:FOUND_MAX],
                imports_total=len(imports),
                request=histories.found.get("request"),
                code=histories.found.get("code"),
                fan=histories.found.get("fan"),
                unanswered=histories.unanswered,
            )
        )

    async def request(self, request_id: str, access: Access) -> RequestHistory | None:
        """What the database and the dead letters know of a request. Raises NoAnswer."""
        found = await self._past.request(request_id, access)
        letter = self._view.letter_ids.find(request_id)
        if letter is None or not access.sees(letter.campaign_id):
            return found
        if found is None:
            return RequestHistory(request_id=request_id, reason=letter.reason, dead_letter=letter.address)
        return found.model_copy(update={"dead_letter": letter.address})

    async def _histories(self, q: str, fan: str, access: Access) -> Histories:
        """By one kind after the other, so that a search takes one of the few places of `Past`."""
        result = Histories()
        campaigns = None if access.campaigns is None else sorted(access.campaigns)
        looks: dict[HistoryKind, Callable[[], Awaitable[Any]]] = {
            "request": lambda: self.request(q, access),
            "code": lambda: self._past.code(q, access),
            "fan": lambda: self._past.fan(q, campaigns),
        }
        for kind in LEFT_OUT[fan]:
            del looks[kind]
        if not ID.fullmatch(q):
            return result
        for kind, look in looks.items():
            try:
                result.found[kind] = await look()
            except NoAnswer as why:
                if why.reason != "unreadable":
                    rest = [other for other in looks if other not in {*result.found, *result.unanswered}]
                    result.unanswered |= dict.fromkeys(rest, why.reason)
                    return result
                result.unanswered[kind] = why.reason
        return result

    def _campaigns(self, access: Access) -> list[str]:
        return [stock.campaign_id for stock in self._view.stocks() if access.sees(stock.campaign_id)]


def is_in(part: str, item: ImportProgress) -> bool:
    """Whether an import's id, campaign or object has this part."""
    return any(part in name.casefold() for name in (item.import_id, item.campaign_id, item.object or ""))
