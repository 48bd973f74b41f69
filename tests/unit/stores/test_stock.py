"""The stock: windows over the draw space, as few as will do, and all of them before it says that is all."""

from typing import Any, cast

import pytest

from handlers.requests.facts import Candidate
from stores.code_port import StockFigures
from stores.mongo import stock as module
from stores.mongo.collections import Collection
from stores.mongo.stock import DRAW_SPACE, Stock, ranges, window_width
from tests.fakes.builders import EXTERNAL, TM
from tests.fakes.time import run


class Cursor:
    """What a find gave."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = documents

    async def to_list(self, _: None) -> list[dict[str, Any]]:
        """All of it."""
        return self.documents


class Codes:
    """A collection with codes spread evenly over the draw space; remembers the ranges that were asked for."""

    def __init__(self, count: int) -> None:
        self.draws = {f"c-{number}": number * DRAW_SPACE // max(1, count) for number in range(count)}
        self.asked: list[tuple[int, int]] = []
        self.fields: dict[str, int] = {}

    def find(self, wanted: dict[str, Any], fields: dict[str, int], *, limit: int) -> Cursor:
        """See motor."""
        low, high = wanted["draw"]["$gte"], wanted["draw"]["$lt"]
        self.asked.append((low, high))
        self.fields = fields
        assert ("summer", "available") == (wanted["campaign_id"], wanted["status"])
        found = [
            {"_id": code_id, "code": f"SECRET-{code_id}"}
            for code_id, draw in self.draws.items()
            if low <= draw < high
        ]
        return Cursor(found[:limit])

    @property
    def looked(self) -> int:
        """How much of the space was asked for."""
        return sum(high - low for low, high in self.asked)


def supply(stock: Stock, wanted: int, about: int) -> list[str]:
    """The ids of the candidates."""
    return [candidate.code_id for candidate in run(stock.supply(TM, wanted, about))]


def a_stock(codes: Codes, *, with_values: bool = False) -> Stock:
    """On a collection that is not motor's."""
    return Stock(cast("Collection", codes), StockFigures(), with_values=with_values)


@pytest.mark.parametrize(
    ("wanted", "about", "width"),
    [
        (1, 1_000_000, DRAW_SPACE * 2 // 1_000_000),
        (500, 1_000, DRAW_SPACE),
        (50, 1_000, DRAW_SPACE // 10),
        (1, 0, DRAW_SPACE),
        (1, 2**40, 1),
        (50_000, 10, DRAW_SPACE),
    ],
)
def test_a_window_should_yield_twice_what_is_wanted(wanted: int, about: int, width: int) -> None:
    """At least one draw, at most all of them."""
    assert width == window_width(wanted, about)


@pytest.mark.parametrize(
    ("start", "width", "expected"),
    [
        (0, 10, [(0, 10)]),
        (0, DRAW_SPACE, [(0, DRAW_SPACE)]),
        (DRAW_SPACE - 10, 10, [(DRAW_SPACE - 10, DRAW_SPACE)]),
        (DRAW_SPACE - 10, 15, [(DRAW_SPACE - 10, DRAW_SPACE), (0, 5)]),
        (7, DRAW_SPACE, [(7, DRAW_SPACE), (0, 7)]),
        (7, DRAW_SPACE * 9, [(7, DRAW_SPACE), (0, 7)]),
    ],
)
def test_a_window_goes_round_the_end(start: int, width: int, expected: list[tuple[int, int]]) -> None:
    """Each draw once, the last one included."""
    assert expected == ranges(start, width)


def test_a_well_known_stock_takes_one_look() -> None:
    """A small one."""
    codes = Codes(10_000)

    assert 10 == len(set(supply(a_stock(codes), 10, 10_000)))
    assert codes.looked == DRAW_SPACE * 20 // 10_000


def test_what_is_held_takes_none() -> None:
    """Until it is used up; then the walk goes on where it was."""
    codes = Codes(1_000)
    stock = a_stock(codes)
    first = supply(stock, 10, 1_000)
    looks = len(codes.asked)

    assert first == supply(stock, 10, 1_000)
    assert looks == len(codes.asked)
    stock.used(first)
    assert not set(first) & set(supply(stock, 15, 1_000))
    assert looks < len(codes.asked)


def test_draws_and_misses_are_counted() -> None:
    """What is held is no draw; a miss is one that looked at everything and found too little."""
    codes, figures = Codes(100), StockFigures()
    stock = Stock(cast("Collection", codes), figures, with_values=False)
    supply(stock, 10, 100)
    supply(stock, 10, 100)

    assert StockFigures(draws=1, drawn=len(stock._held[TM]), misses=0) == figures
    supply(stock, 101, 100)
    assert (2, 1) == (figures.draws, figures.misses)


def test_a_window_that_yields_too_little_is_widened() -> None:
    """The count was out of date by far; a few looks, not thousands."""
    codes = Codes(3)

    assert {"c-0", "c-1", "c-2"} == set(supply(a_stock(codes), 3, 1_000_000))
    assert len(codes.asked) < 30


@pytest.mark.parametrize("about", [0, 5, 1_000_000])
def test_too_few_is_said_only_after_a_look_at_everything(about: int) -> None:
    """A fresh one: what was held from before does not count."""
    codes = Codes(5)
    stock = a_stock(codes)
    supply(stock, 1, 5)
    codes.draws = {"new-1": 0, "new-2": DRAW_SPACE - 1}
    codes.asked.clear()

    assert {"new-1", "new-2"} == set(supply(stock, 6, about))
    assert codes.looked >= DRAW_SPACE


@pytest.mark.parametrize("about", [0, 40_000, 10_000_000])
def test_a_large_batch_is_not_cut_short(about: int) -> None:
    """More codes than one look may usually bring; the first version of this answered `out_of_stock`."""
    assert 30_000 == len(supply(a_stock(Codes(40_000)), 30_000, about))


def test_a_count_that_is_far_too_low_does_not_read_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million codes stay where they are."""
    monkeypatch.setattr(module, "WINDOW_CODES_MAX", 50)
    codes = Codes(1_000)
    stock = a_stock(codes)

    assert 10 == len(supply(stock, 10, 1))
    assert len(stock._held[TM]) <= 100


def test_a_stale_stock_is_forgotten() -> None:
    """And the walk starts from elsewhere."""
    codes = Codes(100)
    stock = a_stock(codes)
    supply(stock, 10, 100)
    codes.draws = {"new": 0}

    stock.forget()

    assert ["new"] == supply(stock, 1, 100)


def test_stocks_are_of_a_kind() -> None:
    """Nothing is left for one when another is full."""
    codes = Codes(10)
    stock = a_stock(codes)
    supply(stock, 5, 10)
    codes.draws = {}

    assert [] == run(stock.supply(EXTERNAL, 5, 10))


def test_a_stock_holds_only_so_many_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it starts anew."""
    monkeypatch.setattr(module, "KINDS_MAX", 1)
    stock = a_stock(Codes(10))
    for kind in (TM, EXTERNAL, TM, EXTERNAL):
        assert 3 == len(run(stock.supply(kind, 3, 10)))
    assert len(stock._held) <= 2


def test_values_are_read_only_where_they_are_published() -> None:
    """A reserve never reads one."""
    codes = Codes(1)
    a_stock(codes)
    supply(a_stock(codes), 1, 1)
    assert {"_id": 1} == codes.fields

    assert [Candidate("c-0", "SECRET-c-0")] == run(a_stock(codes, with_values=True).supply(TM, 1, 1))
    assert {"_id": 1, "code": 1} == codes.fields
