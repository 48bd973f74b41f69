"""Rounds and their rows, made of runs that are known."""

from typing import Any

from benchmarks.figures import Run
from benchmarks.rounds import Entry, alternate, rows_of


async def never(_number: int) -> Run:
    """Rows are made of runs that are given."""
    raise AssertionError


def rows(*entries: tuple[str, int, list[float]]) -> list[dict[str, Any]]:
    """The rows of systems with these partitions and rates."""
    runs = [
        (Entry(system, partitions, never), [Run(rate, 100, {"system": 10.0, "kafka": 2.0}, 60.0) for rate in rates])
        for system, partitions, rates in entries
    ]
    return rows_of("reserve", runs)


def test_a_row_has_median_spread_and_ratios() -> None:
    """To the limit of the same partitions, to the consumer of one message, to the faster of both frameworks.

    A ratio is the median of the rounds' ratios: 0.9, 0.42 and 0.67.
    """
    [ours] = [
        row
        for row in rows(
            ("worker", 4, [900.0, 500.0, 600.0]),
            ("limit", 4, [1000.0, 1200.0, 900.0]),
            ("limit", 1, [10.0] * 3),
            ("per_message", 4, [20.0] * 3),
            ("faststream", 4, [25.0] * 3),
            ("faust", 4, [30.0] * 3),
        )
        if row["system"] == "worker"
    ]

    expected = {
        "work": "reserve",
        "partitions": 4,
        "requests": 100,
        "per_s": 600,
        "per_s_min": 500,
        "per_s_max": 900,
        "ratio_to_limit": 0.67,
        "ratio_to_per_message": 30.0,
        "ratio_to_best_peer": 20.0,
        "p50_ms": None,
        "p99_ms": None,
        "rss_mb": 60,
        "cpu_us": {"worker": 10, "kafka": 2},
        "cores_busy": 0.01,
    }
    assert expected == {name: ours[name] for name in expected}


def test_a_limit_with_other_partitions_is_no_limit() -> None:
    """No ratio is better than a wrong one."""
    ours, _ = rows(("worker", 8, [600.0]), ("limit", 4, [1000.0]))

    assert None is ours["ratio_to_limit"]


def test_a_consumer_of_one_message_is_compared_on_its_own_partitions() -> None:
    """More partitions do not make it faster."""
    ours, _ = rows(("worker", 8, [600.0]), ("per_message", 4, [20.0]))

    assert 30.0 == ours["ratio_to_per_message"]


def test_variants_are_compared_with_the_first() -> None:
    """A system with a single variant has nothing to be compared with."""
    first, second, limit = rows(("worker", 1, [100.0]), ("worker", 4, [250.0]), ("limit", 4, [500.0]))

    assert [1.0, 2.5, None] == [row["ratio_to_first"] for row in (first, second, limit)]


def test_latencies_have_a_spread() -> None:
    """Beside their medians."""
    runs = [Run(100.0, 10, p50_ms=p50, p99_ms=2 * p50) for p50 in (5.0, 4.0, 9.04)]

    [row] = rows_of("latency", [(Entry("worker", 4, never), runs)])

    assert (5.0, [4.0, 9.0]) == (row["p50_ms"], row["p50_ms_spread"])
    assert (10.0, [8.0, 18.1]) == (row["p99_ms"], row["p99_ms_spread"])


async def test_every_other_round_has_the_reverse_order() -> None:
    """A machine that slows down in the middle of a round does not prefer a system."""
    order: list[str] = []

    def entry(name: str) -> Entry:
        async def run(number: int) -> Run:
            order.append(f"{name}{number}")
            return Run(1.0, 1)

        return Entry(name, 1, run)

    await alternate("reserve", [entry("a"), entry("b")], 3)

    assert ["a0", "b0", "b1", "a1", "a2", "b2"] == order
