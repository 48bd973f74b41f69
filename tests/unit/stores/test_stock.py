"""The stock: few reads while there is enough, and a look at everything before codes that are counted are denied."""

from typing import Any, cast

import pytest

from handlers.code_ids import PLACES, bound, campaign_prefix, place_of
from handlers.requests.facts import Candidate
from schemas.errors import FactsStale
from stores.code_port import StockFigures
from stores.mongo import stock as module
from stores.mongo.campaigns import Campaigns, Figures
from stores.mongo.collections import Collections
from stores.mongo.last_codes import Left
from stores.mongo.stock import Stock, home_of, window_width
from stores.mongo.walk import Part
from tests.fakes.builders import CAMPAIGN, EXTERNAL, TM
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


@pytest.mark.parametrize(
    ("wanted", "there", "width"),
    [
        (1, 1_000_000, PLACES * 2 // 1_000_000),
        (500, 1_000, PLACES),
        (50, 1_000, PLACES // 10),
        (1, 0, PLACES),
        (50_000, 10, PLACES),
    ],
)
def test_a_window_should_yield_twice_what_is_wanted(wanted: int, there: int, width: int) -> None:
    """At most all places."""
    assert width == window_width(wanted, there, Figures())


def test_no_window_is_wider_than_the_server_looks_through_in_time() -> None:
    """However few of a large campaign's codes are left."""
    assert PLACES // 100 == window_width(500, 1, Figures(in_campaign=100 * module.LOOK_CODES_MAX))


def test_a_fresh_stock_takes_one_look() -> None:
    """At the partition's own place in the campaign."""
    database = Database(10_000)

    assert 10 == len(set(supply(a_stock(database), 10)))
    [window] = database.asked
    assert (home_of(SHARD), PLACES * 20 // 10_000) == (window.low, window.width)


def test_what_is_held_takes_none() -> None:
    """Until it is used up; then the walk goes on where it was."""
    database = Database(1_000)
    stock = a_stock(database)
    first = supply(stock, 10)

    assert first == supply(stock, 10)
    assert 1 == len(database.asked)
    stock.used(first)
    assert not set(first) & set(supply(stock, 15))
    assert database.asked[1].low == database.asked[0].high


def test_draws_and_misses_are_counted() -> None:
    """What is held is no draw; a miss is one that found too little."""
    figures = StockFigures()
    stock = a_stock(Database(100), figures)
    supply(stock, 10)
    supply(stock, 10)

    assert (1, 0) == (figures.draws, figures.misses)
    supply(stock, 101)
    assert (2, 100, 1) == (figures.draws, figures.drawn, figures.misses)


def test_what_partitions_have_walked_is_not_read() -> None:
    """One look at what is left, however much is taken."""
    database = Database(1_000)
    database.known.by_shard["reserve.requests.v1.1"] = [Part(PLACES // 100, PLACES)]
    database.there = database.there[:10]

    assert 5 == len(supply(a_stock(database), 5))
    assert [Part(0, PLACES // 100)] == database.asked


def test_what_came_back_is_found_by_its_mark() -> None:
    """Though everything is walked; no place is looked at."""
    database = Database(0)
    database.known.by_shard[SHARD] = [Part(0, PLACES)]
    database.returned = [an_id(3, 9), an_id(1, 9)]

    assert {an_id(3, 9), an_id(1, 9)} == set(supply(a_stock(database), 5))
    assert [] == database.asked


def test_too_few_is_said_because_no_more_are_counted() -> None:
    """A sold campaign takes one snapshot, and no look at its codes."""
    database = Database(0)
    database.known = Figures(total=1_000_000, in_campaign=1_000_000, by_shard={SHARD: [Part(0, PLACES)]})

    assert [] == supply(a_stock(database), 5)
    assert (1, []) == (database.lefts, database.asked)


def test_codes_that_are_counted_are_looked_for_everywhere() -> None:
    """Imported behind the walks, or walked before a restore: a wrong hint denies nothing."""
    database = Database(5)
    database.known.by_shard[SHARD] = [Part(0, PLACES)]

    assert set(database.there) == set(supply(a_stock(database), 5))


def test_a_count_that_is_too_high_is_believed_no_more() -> None:
    """Everything is looked at once, and again when something was imported."""
    database = Database(3)
    database.counted = 4
    stock = a_stock(database)

    assert 3 == len(supply(stock, 5))
    looked = database.looked
    assert looked >= PLACES
    assert 3 == len(supply(stock, 5))
    assert looked == database.looked

    database.there.append(an_id(1, 2))
    database.counted, database.imported = 5, frozenset({("import.commands.v1.0", 2)})
    assert 4 == len(supply(stock, 5))


def test_an_import_that_is_faster_than_the_look_makes_the_facts_stale() -> None:
    """Whoever asked must not be denied what is there."""
    database = Database(0)
    database.counted = 9
    database.is_importing = True
    stock = a_stock(database)

    with pytest.raises(FactsStale):
        supply(stock, 5)


def test_a_large_batch_is_not_cut_short() -> None:
    """More codes than one look may usually bring."""
    assert 30_000 == len(supply(a_stock(Database(40_000)), 30_000))


def test_a_count_that_is_far_too_low_does_not_read_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no code is skipped where the read was cut short."""
    monkeypatch.setattr(module, "WINDOW_CODES_MAX", 50)
    database = Database(1_000)
    database.known = Figures(total=1, in_campaign=1)
    stock = a_stock(database)

    assert 10 == len(supply(stock, 10))
    assert len(stock._kinds[TM].held) <= 100
    seen: set[str] = set()
    while found := supply(stock, 10):
        seen.update(found)
        stock.used(found)
        database.there = [code_id for code_id in database.there if code_id not in seen]
    assert 1_000 == len(seen)


def test_a_stale_stock_is_forgotten() -> None:
    """And the walk starts from elsewhere."""
    database = Database(100)
    stock = a_stock(database)
    supply(stock, 10)
    database.there = [an_id(99, 100)]

    stock.forget()

    assert [an_id(99, 100)] == supply(stock, 1)


def test_stocks_are_of_a_kind() -> None:
    """Nothing is left for one when another is full."""
    database = Database(10)
    stock = a_stock(database)
    supply(stock, 5)
    database.counted = 0

    assert [] == run(stock.supply(EXTERNAL, 5))


def test_a_stock_holds_only_so_many_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it starts anew."""
    monkeypatch.setattr(module, "KINDS_MAX", 1)
    stock = a_stock(Database(10))
    for _ in range(2):
        supply(stock, 3)
        run(stock.supply(EXTERNAL, 3))
    assert len(stock._kinds) <= 2


def test_values_are_read_only_where_they_are_published() -> None:
    """A reserve never reads one."""
    database = Database(1)
    supply(a_stock(database), 1)
    assert {"_id": 1} == database.fields

    found = run(a_stock(database, with_values=True).supply(TM, 1))
    assert [Candidate(an_id(0, 1), f"SECRET-{an_id(0, 1)}")] == found
    assert {"_id": 1, "code": 1} == database.fields
