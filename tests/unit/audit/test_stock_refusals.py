"""What must hold: refusals `out_of_stock` are judged by every version that was true, and in a time that ends."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from audit.stock_refusals import StockRefusals
from audit.tables import Tables, in_memory
from audit.terms import CLOCKS_APART_MS, Terms

HOUR_MS: Final = 3_600_000
ASKED_MS: Final = 100 * HOUR_MS
BEFORE_MS: Final = ASKED_MS - CLOCKS_APART_MS
AFTER_MS: Final = ASKED_MS + HOUR_MS
STEP: Final = 1_000
STEPS_PER_MOMENT_MAX: Final = 20
"""In thousands of SQLite's virtual machine instructions."""

Event = tuple[int, int, int]
"""Version, available, when."""


def add_events(tables: Tables, shard: str, events: Iterable[Event], cause: str = "reserve") -> None:
    """Events of one shard, whose document has the version after the last one's."""
    last = (0, 0, 0)
    for version, available, changed in events:
        last = (version, available, changed)
        counts = (version, available, 0, 0, cause, changed)
        tables.add("shard_events", (changed, f"{shard}:{version}", "sale", "tm", shard, *counts, b""))
    row = (f"sale:tm:{shard}", "sale", "tm", last[0] + 1, last[1] - 1, 0, 0, AFTER_MS + HOUR_MS)
    tables.add("shards", row)


def add_refusal(tables: Tables, name: str, asked_ms: int = ASKED_MS) -> None:
    """One code was wanted."""
    decided = asked_ms + 1
    decision = ("refused", "out_of_stock", False, "reserve", "sale", "tm", 1, None, decided)
    tables.add("results", (decided, name, name, *decision, b"", b"", None))
    tables.add("incoming", (0, "reserve", 0, 0, asked_ms, name, True, b""))


def verdict(*events: Event) -> str:
    """On a refusal, where the import's shard has had 10 codes for days."""
    with in_memory() as tables:
        add_events(tables, "import", [(1, 10, 1)], "import")
        add_events(tables, "p-0", events)
        add_refusal(tables, "r-1")
        tables.create_indexes()
        refusals = StockRefusals(tables, Terms())
        is_wrong = bool(list(refusals.findings()))
        return "wrong" if is_wrong else "right" if refusals.judged else "unknown"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(1, -9, 10), (2, -5, BEFORE_MS - 1)], "wrong"),
        ([(1, -5, 10), (2, -10, BEFORE_MS - 1)], "right"),
        ([(1, -5, 10), (2, -10, ASKED_MS)], "right"),
        ([(1, -5, 10), (2, -6, ASKED_MS), (3, -10, AFTER_MS)], "wrong"),
        ([(1, -5, 10), (3, -6, ASKED_MS)], "unknown"),
        ([(2, -5, ASKED_MS)], "unknown"),
        ([(1, -10, AFTER_MS)], "wrong"),
    ],
    ids=["last before", "sold out before", "sold out then", "sold out later", "a gap", "no base", "had nothing yet"],
)
def test_the_least_of_the_time_decides(events: list[Event], expected: str) -> None:
    """Of every shard: the last version before the time, and all that fall into it."""
    assert expected == verdict(*events)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(1, -5, BEFORE_MS - 10), (2, -10, BEFORE_MS - 20)], "right"),
        ([(1, -5, BEFORE_MS - 10), (2, -10, BEFORE_MS - 20), (3, -9, BEFORE_MS - 15)], "right"),
        ([(1, -5, 10), (2, -6, ASKED_MS), (3, -10, BEFORE_MS - 20), (4, -10, AFTER_MS)], "right"),
        ([(1, -5, 10), (2, -10, AFTER_MS), (3, -6, ASKED_MS)], "right"),
        ([(1, -10, 10), (2, -9, ASKED_MS), (3, -5, BEFORE_MS - 20)], "right"),
        ([(1, -5, BEFORE_MS - 10), (3, -10, BEFORE_MS - 20)], "unknown"),
        ([(1, -10, BEFORE_MS - 30), (2, -5, BEFORE_MS - 10), (3, -6, BEFORE_MS - 20)], "wrong"),
    ],
    ids=["before", "twice before", "within", "later", "far back", "with a gap", "and enough"],
)
def test_a_clock_that_goes_back_at_a_hand_over_hides_no_version(events: list[Event], expected: str) -> None:
    """Versions are in order, whatever the new owner's clock says."""
    assert expected == verdict(*events)


def test_a_shard_that_has_long_been_idle_is_known_by_its_document() -> None:
    """Retention has removed its events."""
    with in_memory() as tables:
        tables.add("shards", ("sale:tm:import", "sale", "tm", 7, 10, 0, 0, 1))
        add_refusal(tables, "r-1")
        tables.create_indexes()
        refusals = StockRefusals(tables, Terms())

        assert ["wrong"] == [finding.kind for finding in refusals.findings()]
        assert 0 == refusals.unjudged


def test_a_moment_reads_only_the_events_of_its_time() -> None:
    """Of 100,000 events; the steps of SQLite are counted, so that a busy machine fails nothing."""
    count, moments = 100_000, 100
    with in_memory() as tables:
        add_events(tables, "p-0", ((version, -5, version * 1_000) for version in range(1, count + 1)))
        for number in range(moments):
            add_refusal(tables, f"r-{number}", number * 1_000_000 + 500_000)
        tables.create_indexes()
        refusals = StockRefusals(tables, Terms())
        with counted(tables) as steps:
            found = list(refusals.findings())

    assert ([], moments) == (found, refusals.judged)
    assert len(steps) < moments * STEPS_PER_MOMENT_MAX


@contextmanager
def counted(tables: Tables) -> Iterator[list[None]]:
    """An entry for each thousand steps."""
    steps: list[None] = []
    tables.connection.set_progress_handler(lambda: steps.append(None), STEP)
    yield steps
    tables.connection.set_progress_handler(None, STEP)
