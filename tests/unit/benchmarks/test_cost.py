"""What a million requests cost."""

from typing import Any

import pytest

from benchmarks.cost import BEGIN, END, KINDS, cpu_of, hours_of, size_of, with_costs
from benchmarks.load import Kind

ROW: dict[str, Any] = {
    "system": "worker",
    "partitions": 4,
    "cpu_us": {"worker": 90, "database": 36, "kafka": 18, "client": 9},
}
ROWS = [{**ROW, "work": str(kind)} for kind in KINDS]
PAGE = f"before\n{BEGIN}\nold\n{END}\nafter\n"


def page_of(rows: list[dict[str, Any]]) -> str:
    """The page of a report."""
    return with_costs(PAGE, {"machine": "2 cores", "database": "mongod", "rows": rows})


def test_a_microsecond_a_request_is_a_second_a_million() -> None:
    """The client's time is the benchmark's, and costs nobody anything."""
    page = page_of(ROWS)

    assert (page.startswith("before\n"), page.endswith("\nafter\n"), "old" in page) == (True, True, False)
    assert "| reserve | 90 | 36 | 18 | 144 |" in page
    assert "Not in the latest results: `mix`." in page


def test_only_the_worker_on_four_partitions_is_taken() -> None:
    """Other rows of a work are other systems, or other numbers of partitions."""
    others = [{**ROW, "work": "reserve", "partitions": 8}, {**ROW, "work": "reserve", "system": "limit"}]

    assert cpu_of(others, Kind.RESERVE) is None
    assert ROW["cpu_us"] == cpu_of([*others, *ROWS], Kind.RESERVE)


def test_the_example_is_in_core_hours() -> None:
    """2,000,000 requests of 90 microseconds each; without a measurement there is no such line."""
    measured = dict.fromkeys(KINDS, ROW["cpu_us"])

    assert 0.05 == pytest.approx(hours_of(measured, "worker"))
    assert "| CPU of workers | 0.050 core-hours | your price of a core-hour |" in page_of(ROWS)
    assert "core-hours" not in page_of(ROWS[:1])


def test_bytes_are_those_of_the_records_and_documents() -> None:
    """An assign has an event too; only a reserve stores a reservation."""
    reserve, assign, release = map(size_of, KINDS)

    assert (0, 0) == (reserve.event, release.event)
    assert 400 < assign.event < 800
    assert 100 < reserve.request < assign.request
    assert 400 < release.stored < assign.stored + 50 < reserve.stored < 1_200
    assert all(400 < size.result < 900 for size in (reserve, assign, release))
