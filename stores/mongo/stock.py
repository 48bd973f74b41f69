"""A partition's small stock of codes that were available a moment ago.

In:       how many codes of each kind a batch wants.
Out:      candidates: as many as wanted, or all that a snapshot counts; what was walked for them.
Promise:  candidates are hints; nothing here makes a code anybody's. A stock that proved stale is dropped. A wrong
          hint costs reads, and never makes a code that is there seem to be gone.

Fresh codes come from the partition's walk (`walk.py`); then those that came back, by their marks (`last_codes.py`).
If the counts say that there are still others, everything is looked at, from where the last such look ended.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from random import randrange
from typing import Final

from handlers.code_ids import CAMPAIGN_DIGITS, PLACES, campaign_prefix, id_range, place_of
from handlers.requests.facts import Candidate, StockKey
from schemas.errors import FactsStale
from stores.code_port import StockFigures
from stores.mongo.campaigns import Campaigns, Figures
from stores.mongo.collections import Collections, Document
from stores.mongo.last_codes import LastCodes, Left
from stores.mongo.walk import Part, Walk

YIELD_WANTED: Final = 2
"""How many times what is wanted a window is sized to yield."""
WIDENING: Final = 4
"""How much wider the next window is when one yielded too little."""
WINDOW_CODES_MAX: Final = 10_000
"""Codes read from one window, at most, unless more are wanted: the count that sized it may have been far too low."""
LOOK_CODES_MAX: Final = 20_000
"""Codes that the server looks at for one window, available or not, so that it answers in time."""
KINDS_MAX: Final = 1_000
"""Kinds of codes kept in stock at once; beyond that the stock starts anew."""
LOOKS_MAX: Final = 3
"""Looks at everything for one batch, if codes are imported meanwhile and were not found."""


@dataclass(slots=True)
class Kind:
    """The stock of one kind."""

    prefix: str
    """Its campaign's digits."""
    walk: Walk
    held: dict[str, Candidate] = field(default_factory=dict)
    place: int = field(default_factory=lambda: randrange(PLACES))  # noqa: S311  # spreads partitions, hides nothing
    """Where the next look at everything begins."""
    imported: frozenset[tuple[str, int]] | None = None
    """What was imported when a look at everything found less than the counts say."""
    surplus: int = 0
    """How much too high the counts were then: as long as nothing is imported, they stay so."""

    def is_complete(self, wanted: int, left: Left) -> bool:
        """Whether it has all that is wanted, or all that is left."""
        return len(self.held) >= min(wanted, left.available)

    def is_known_to_lack(self, left: Left) -> bool:
        """Whether the counts are as much too high as they were when everything was looked at."""
        return self.imported == left.imported and left.available - len(self.held) <= self.surplus


class Stock:
    """Lives as long as its partition is served here."""

    def __init__(
        self,
        collections: Collections,
        campaigns: Campaigns,
        figures: StockFigures,
        shard: str,
        *,
        with_values: bool,
    ) -> None:
        self._codes = collections.codes
        self._campaigns = campaigns
        self._figures = figures
        self._shard = shard
        self._fields = {"_id": 1, "code": 1} if with_values else {"_id": 1}
        self._last_codes = LastCodes(collections, self._fields)
        self._kinds: dict[StockKey, Kind] = {}

    async def supply(self, key: StockKey, wanted: int) -> Sequence[Candidate]:
        """Candidates of a kind: `wanted` of them, or fewer if there are no others.

        Raises:
            FactsStale: codes are imported faster than everything can be looked at.
        """
        kind = self._kinds.get(key) or self._new_kind(key)
        if len(kind.held) < wanted:
            known = len(kind.held)
            await self._walk(key, kind, wanted)
            if len(kind.held) < wanted:
                await self._find_the_rest(key, kind, wanted)
            self._count(len(kind.held) - known, missed=len(kind.held) < wanted)
        return list(islice(kind.held.values(), wanted))

    def used(self, code_ids: Iterable[str]) -> None:
        """These are somebody's now."""
        by_campaign: dict[str, list[str]] = {}
        for code_id in code_ids:
            by_campaign.setdefault(code_id[:CAMPAIGN_DIGITS], []).append(code_id)
        for kind in self._kinds.values():
            used = by_campaign.get(kind.prefix, ())
            kind.walk.used(used)
            for code_id in used:
                kind.held.pop(code_id, None)

    def forget(self) -> None:
        """What is in stock proved stale: read anew, elsewhere."""
        for kind in self._kinds.values():
            kind.walk.forget()
            kind.held.clear()

    def walked(self, key: StockKey, taken: Collection[str]) -> list[Part] | None:
        """What is walked of a kind once these codes are taken; None: nothing is known of it here."""
        kind = self._kinds.get(key)
        return None if kind is None else kind.walk.parts(taken)

    def _new_kind(self, key: StockKey) -> Kind:
        if len(self._kinds) > KINDS_MAX:
            self._kinds.clear()
        done = self._campaigns.figures(key).by_shard.get(self._shard, ())
        kind = self._kinds[key] = Kind(campaign_prefix(key.campaign_id), Walk(home_of(self._shard), done))
        return kind

    def _count(self, drawn: int, *, missed: bool) -> None:
        self._figures.draws += 1
        self._figures.drawn += drawn
        self._figures.misses += missed

    async def _walk(self, key: StockKey, kind: Kind, wanted: int) -> None:
        """Read windows of what nobody has walked, until there is enough or nothing is left."""
        figures = self._campaigns.figures(key)
        width, limit = window_width(wanted, figures.total, figures), max(wanted, WINDOW_CODES_MAX)
        while len(kind.held) < wanted:
            window = kind.walk.window(width, figures.walked(self._shard))
            if window is None:
                return
            documents = await self._look(key, window, limit)
            places = {code["_id"]: place for code in documents if (place := place_of(code["_id"])) is not None}
            is_cut = len(documents) == limit and places
            kind.walk.read(max(places.values()) + 1 if is_cut else window.high, places)
            kind.held |= self._candidates(documents)
            width = min(width * WIDENING, widest(figures))

    async def _find_the_rest(self, key: StockKey, kind: Kind, wanted: int) -> None:
        """Codes that came back; and if the counts say that there are others, whatever there is."""
        left = await self._left(key, kind, wanted)
        for _ in range(LOOKS_MAX):
            if kind.is_complete(wanted, left) or kind.is_known_to_lack(left):
                return
            imported = left.imported
            await self._look_at_everything(key, kind, wanted, left.available)
            if len(kind.held) >= wanted:
                return
            left = await self._left(key, kind, wanted)
            if left.imported == imported:
                kind.imported, kind.surplus = imported, max(0, left.available - len(kind.held))
        if not (kind.is_complete(wanted, left) or kind.is_known_to_lack(left)):
            raise FactsStale("codes: some were imported during each look at everything")

    async def _left(self, key: StockKey, kind: Kind, wanted: int) -> Left:
        left = await self._last_codes.left(key, wanted)
        kind.held |= self._candidates(left.returned)
        return left

    async def _look_at_everything(self, key: StockKey, kind: Kind, wanted: int, available: int) -> None:
        """Windows of all places, once round at most, until there is enough."""
        figures = self._campaigns.figures(key)
        width, limit = window_width(wanted, available, figures), max(wanted, WINDOW_CODES_MAX)
        looked = 0
        while looked < PLACES and len(kind.held) < wanted:
            window = Part(kind.place, min(PLACES, kind.place + width))
            documents = await self._look(key, window, limit)
            kind.held |= self._candidates(documents)
            kind.place, looked = window.high % PLACES, looked + window.width

    async def _look(self, key: StockKey, window: Part, limit: int) -> list[Document]:
        wanted = {
            "_id": id_range(key.campaign_id, window.low, window.high),
            "campaign_id": key.campaign_id,
            "code_type": key.code_type,
            "status": "available",
        }
        return await self._codes.find(wanted, self._fields, limit=limit).sort("_id", 1).to_list(None)

    def _candidates(self, documents: Iterable[Document]) -> dict[str, Candidate]:
        return {
            code["_id"]: Candidate(code["_id"], code.get("code", "")) for code in documents if self._is_whole(code)
        }

    def _is_whole(self, document: Document) -> bool:
        """Whether it has what a fan is given: a code without a value (edited by hand) is no candidate."""
        return all(document.get(name) and isinstance(document[name], str) for name in self._fields)


def home_of(shard: str) -> int:
    """Where a partition begins in a campaign that nobody has walked."""
    return int.from_bytes(blake2b(shard.encode(), digest_size=8).digest(), "big") % PLACES


def window_width(wanted: int, there: int, figures: Figures) -> int:
    """How many places should yield what is wanted, twice over, if `there` codes are spread over all places."""
    return min(widest(figures), max(1, PLACES * YIELD_WANTED * wanted // max(1, there)))


def widest(figures: Figures) -> int:
    """The widest window that the server looks through in time."""
    return min(PLACES, max(1, PLACES * LOOK_CODES_MAX // max(1, figures.in_campaign)))
