"""The stock: few reads while there is enough, and a look at everything before codes that are counted are denied."""

import pytest

from handlers.code_ids import PLACES
from handlers.requests.facts import Candidate
from schemas.errors import FactsStale
from stores.code_port import StockFigures
from stores.mongo import stock as module
from stores.mongo.campaigns import Figures
from stores.mongo.stock import home_of, window_width
from stores.mongo.walk import Part
from tests.fakes.builders import EXTERNAL, TM
from tests.fakes.stock_database import SHARD, Database, a_stock, an_id, supply
from tests.fakes.time import run


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
