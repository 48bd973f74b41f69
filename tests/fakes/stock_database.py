"""A database for tests of the stock: codes by place, marks and counts that a test sets."""

from typing import Any, cast

from handlers.code_ids import PLACES, bound, campaign_prefix, place_of
from stores.code_port import StockFigures
from stores.mongo.campaigns import Campaigns, Figures
from stores.mongo.collections import Collections
from stores.mongo.last_codes import Left
from stores.mongo.stock import Stock
from stores.mongo.walk import Part
from tests.fakes.builders import CAMPAIGN, TM
from tests.fakes.time import run

PREFIX = campaign_prefix(CAMPAIGN)
SHARD = "reserve.requests.v1.0"


def an_id(number: int, count: int) -> str:
    """One of so many ids, spread evenly over the places."""
    return bound(PREFIX, number * PLACES // max(1, count)) + 12 * "0"


class Database:
    """A campaign's codes and counts; remembers the windows that were asked for."""

    def __init__(self, count: int) -> None:
        self.codes = self
        self.there = [an_id(number, count) for number in range(count)]
        self.returned: list[str] = []
        self.counted: int | None = None
        """By the shards; None: as many as there are."""
        self.imported = frozenset({("import.commands.v1.0", 1)})
        self.is_importing = False
        self.known = Figures(total=count, in_campaign=count)
        self.asked: list[Part] = []
        self.fields: dict[str, int] = {}
        self.lefts = 0

    def find(self, wanted: dict[str, Any], fields: dict[str, int], *, limit: int) -> "Database":
        """See motor."""
        low, high = wanted["_id"]["$gte"], wanted["_id"]["$lt"]
        end = PLACES if high.endswith("g") else place_of(high)
        self.asked.append(Part(place_of(low) or 0, end or 0))
        self.fields = fields
        assert (CAMPAIGN, "available") == (wanted["campaign_id"], wanted["status"])
        is_of_kind = wanted["code_type"] == TM.code_type
        self.found = [code_id for code_id in sorted(self.there) if is_of_kind and low <= code_id < high][:limit]
        return self

    def sort(self, field: str, direction: int) -> "Database":
        """See motor."""
        assert ("_id", 1) == (field, direction)
        return self

    async def to_list(self, _: None) -> list[dict[str, Any]]:
        """See motor."""
        return [{"_id": code_id, "code": f"SECRET-{code_id}"} for code_id in self.found]

    async def left(self, _key: object, wanted: int) -> Left:
        """See `LastCodes`."""
        self.lefts += 1
        if self.is_importing:
            self.imported = frozenset({("import.commands.v1.0", self.lefts)})
        counted = len(self.there) + len(self.returned) if self.counted is None else self.counted
        return Left(counted, self.imported, [{"_id": code_id, "code": "S"} for code_id in self.returned[:wanted]])

    def figures(self, _key: object) -> Figures:
        """See `Campaigns`."""
        return self.known

    @property
    def looked(self) -> int:
        """How many places were asked for."""
        return sum(part.width for part in self.asked)


def a_stock(database: Database, figures: StockFigures | None = None, *, with_values: bool = False) -> Stock:
    """On a database that is not motor's."""
    stock = Stock(
        cast("Collections", database),
        cast("Campaigns", database),
        figures or StockFigures(),
        SHARD,
        with_values=with_values,
    )
    stock._last_codes = cast("Any", database)
    return stock


def supply(stock: Stock, wanted: int) -> list[str]:
    """The ids of the candidates."""
    return [candidate.code_id for candidate in run(stock.supply(TM, wanted))]
