"""A partition's small stock of codes that were available a moment ago.

In:       how many codes of each kind a batch wants.
Out:      candidates: as many as wanted, or all that a fresh look at the whole draw space found.
Promise:  candidates are hints; nothing here makes a code anybody's. A stock that proved stale is dropped.

Each stock walks the draw space in windows from a random point on, so that partitions are rarely in each other's way.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from random import randrange
from typing import Final

from handlers.requests.facts import Candidate, StockKey
from stores.code_port import StockFigures
from stores.mongo.collections import Collection, Document

DRAW_SPACE: Final = 2**31
YIELD_WANTED: Final = 2
"""A window is sized to yield so many times what is wanted."""
WIDENING: Final = 4
"""How much wider the next window is when one yielded too little."""
WINDOW_CODES_MAX: Final = 10_000
"""Codes read from one window, at most, unless more are wanted: the count that sized it may have been far too low.
A window that is cut short must still yield all that is wanted, or it would look like the end of the stock."""
KINDS_MAX: Final = 1_000
"""Kinds of codes kept in stock at once; beyond that the stock starts anew."""


class Stock:
    """Lives as long as its partition is served here."""

    def __init__(self, codes: Collection, figures: StockFigures, *, with_values: bool) -> None:
        self._codes = codes
        self._figures = figures
        self._fields = {"_id": 1, "code": 1} if with_values else {"_id": 1}
        self._held: dict[StockKey, dict[str, Candidate]] = {}
        self._cursor: dict[StockKey, int] = {}

    async def supply(self, key: StockKey, wanted: int, about_available: int) -> Sequence[Candidate]:
        """Candidates of a kind: `wanted` of them, or fewer if a fresh look at everything found no more."""
        if len(self._held.get(key, ())) < wanted:
            await self._refill(key, wanted, about_available)
        return list(islice(self._held[key].values(), wanted))

    def used(self, code_ids: Iterable[str]) -> None:
        """These are somebody's now."""
        used = list(code_ids)
        for held in self._held.values():
            for code_id in used:
                held.pop(code_id, None)

    def forget(self) -> None:
        """What is in stock proved stale: draw anew, from elsewhere."""
        self._held.clear()
        self._cursor.clear()

    async def _refill(self, key: StockKey, wanted: int, about_available: int) -> None:
        if len(self._held) > KINDS_MAX:
            self.forget()
        held = self._held.setdefault(key, {})
        width = window_width(wanted, about_available)
        found: dict[str, Candidate] = {}
        looked = 0
        while looked < DRAW_SPACE and len(held.keys() | found.keys()) < wanted:
            limit = max(wanted, WINDOW_CODES_MAX)
            found |= await self._look(key, ranges(self._advance(key, width), width), limit)
            looked, width = looked + width, min(width * WIDENING, DRAW_SPACE)
        if looked >= DRAW_SPACE:
            held.clear()
        held |= found
        self._count(len(found), missed=len(held) < wanted)

    def _count(self, drawn: int, *, missed: bool) -> None:
        self._figures.draws += 1
        self._figures.drawn += drawn
        self._figures.misses += missed

    def _advance(self, key: StockKey, width: int) -> int:
        start = self._cursor.setdefault(key, randrange(DRAW_SPACE))  # noqa: S311  # spreads partitions, hides nothing
        self._cursor[key] = (start + width) % DRAW_SPACE
        return start

    async def _look(self, key: StockKey, parts: list[tuple[int, int]], limit: int) -> dict[str, Candidate]:
        found: dict[str, Candidate] = {}
        for low, high in parts:
            documents = await self._codes.find(
                {
                    "campaign_id": key.campaign_id,
                    "code_type": key.code_type,
                    "status": "available",
                    "draw": {"$gte": low, "$lt": high},
                },
                self._fields,
                limit=limit,
            ).to_list(None)
            found |= {document["_id"]: candidate(document) for document in documents if self._is_whole(document)}
        return found

    def _is_whole(self, document: Document) -> bool:
        """Whether it has what a fan is given: a code without a value (edited by hand) is no candidate."""
        return all(document.get(name) and isinstance(document[name], str) for name in self._fields)


def window_width(wanted: int, about_available: int) -> int:
    """How much of the draw space should yield what is wanted, twice over."""
    return min(DRAW_SPACE, max(1, DRAW_SPACE * YIELD_WANTED * wanted // max(1, about_available)))


def ranges(start: int, width: int) -> list[tuple[int, int]]:
    """The window as one or two ranges `[low, high)`; it goes round the end of the space."""
    end = start + min(width, DRAW_SPACE)
    if end <= DRAW_SPACE:
        return [(start, end)]
    return [(start, DRAW_SPACE), (0, end - DRAW_SPACE)]


def candidate(document: Document) -> Candidate:
    """A code as a candidate; without its value where it is not published."""
    return Candidate(document["_id"], document.get("code", ""))
