"""The benchmark in short: that it measures what it says, not how fast this machine is.

A normal run has a work of each kind; `make long` has all.
"""

import json
import sys
from asyncio import create_subprocess_exec
from pathlib import Path
from typing import Any

import pytest

import devstack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

Figures = dict[str, Any]

REQUESTS = ("--requests", "200", "--partitions", "2")
WORKS: dict[str, tuple[tuple[str, ...], list[tuple[str, str]]]] = {
    "assign": (REQUESTS, [("worker", ""), ("limit", "")]),
    "release": (REQUESTS, [("worker", ""), ("limit", "")]),
    "mix": (REQUESTS, [("worker", ""), ("limit", "")]),
    "codes": (
        (*REQUESTS, "--codes", "300", "--codes", "1000"),
        [("worker", "300 codes"), ("worker", "1,000 codes")],
    ),
    "campaigns": (
        (*REQUESTS, "--variants", "1", "--variants", "4"),
        [("worker", "1 campaign"), ("worker", "4 campaigns")],
    ),
    "last_percent": (
        ("--partitions", "2", "--codes", "10000"),
        [("worker", "first 1 %"), ("worker", "last 1 %")],
    ),
    "workers": (
        (*REQUESTS, "--variants", "1", "--variants", "2"),
        [("worker", "1 worker"), ("worker", "2 workers")],
    ),
    "memory": (REQUESTS, [("worker", "")]),
    "growth": (
        (*REQUESTS, "--codes", "300", "--codes", "700"),
        [("worker", "300 sold"), ("worker", "700 sold")],
    ),
}
"""Options of each work that has rates of requests only, and its rows."""


async def figures(out: Path, *arguments: str) -> Figures:
    """What a benchmark of one round wrote."""
    process = await create_subprocess_exec(
        sys.executable, "-m", "benchmarks", "--rounds", "1", "--out", str(out), *arguments
    )
    assert 0 == await process.wait()
    return read(out)


def read(out: Path) -> Figures:
    """The file."""
    found: Figures = json.loads(out.read_text())
    return found


async def test_reserves_are_compared_with_other_systems_and_with_a_limit(
    stack: devstack.Stack, tmp_path: Path
) -> None:
    """Every system, with its ratios, its memory, and the CPU time of each process."""
    found = await figures(tmp_path / "figures.json", "--work", "reserve", "--requests", "1000", "--partitions", "2")

    rows = {row["system"]: row for row in found["rows"]}
    assert ["per_message", "faststream", "faust", "worker", "limit"] == list(rows)
    assert {"per_message": 100, "faststream": 100, "faust": 100, "worker": 1000, "limit": 1000} == {
        name: row["requests"] for name, row in rows.items()
    }
    assert stack.database == found["database"]
    ours, peer = rows["worker"], max(rows[name]["per_s"] for name in ("faststream", "faust"))
    assert ours["ratio_to_per_message"] == pytest.approx(ours["per_s"] / rows["per_message"]["per_s"], rel=0.05)
    assert ours["ratio_to_limit"] == pytest.approx(ours["per_s"] / rows["limit"]["per_s"], abs=0.01)
    assert ours["ratio_to_best_peer"] == pytest.approx(ours["per_s"] / peer, rel=0.05)
    assert {"worker", "database", "kafka", "client"} == set(ours["cpu_us"])
    assert 250 > ours["rss_mb"] > 20


@pytest.mark.long
@pytest.mark.parametrize("work", WORKS)
async def test_a_work_has_a_row_for_each_variant(stack: devstack.Stack, tmp_path: Path, work: str) -> None:
    """With a rate, and without a refusal: nothing was measured that the service did not do."""
    options, expected = WORKS[work]

    found = await figures(tmp_path / "figures.json", "--work", work, *options)

    assert expected == [(row["system"], row["variant"]) for row in found["rows"]]
    assert all(row["per_s"] > 0 and row["refused"] == 0 for row in found["rows"])
    assert {(work, stack.database)} == {(row["work"], row["database"]) for row in found["rows"]}


@pytest.mark.thorough
async def test_latencies_are_compared_with_an_echo(stack: devstack.Stack, tmp_path: Path) -> None:
    """At each pace; a percentile is never below the median, and each process has its CPU time."""
    options = ("--requests", "500", "--partitions", "2", "--seconds", "1")
    found = await figures(tmp_path / "figures.json", "--work", "latency", *options)

    paces = ["one at a time", "100 per second", "half of the maximum"]
    expected = [(system, pace) for pace in paces for system in ("worker", "echo")]
    assert expected == [(row["system"], row["variant"]) for row in found["rows"]]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in found["rows"])
    assert all({row["system"], "database", "kafka", "client"} == set(row["cpu_us"]) for row in found["rows"])
    assert {1.0} == {row["p50_to_echo"] for row in found["rows"] if row["system"] == "echo"}


@pytest.mark.long
async def test_conflicts_are_counted_by_the_worker(stack: devstack.Stack, tmp_path: Path) -> None:
    """Its own metrics, read before it stops."""
    options = ("--requests", "200", "--variants", "1", "--variants", "4")
    found = await figures(tmp_path / "figures.json", "--work", "conflicts", *options)

    assert [1, 4] == [row["partitions"] for row in found["rows"]]
    assert all(row["conflicts_per_1000"] >= 0 and row["requests_per_batch"] > 0 for row in found["rows"])


@pytest.mark.thorough
async def test_an_import_is_compared_with_its_limit_and_with_row_by_row(
    stack: devstack.Stack, tmp_path: Path
) -> None:
    """Work `import`: every system, with its ratios to both others; rows of other works stay."""
    out = tmp_path / "figures.json"
    before = {"work": "reserve", "system": "worker", "per_s": 1}
    out.write_text(json.dumps({"rows": [before, {"work": "import", "system": "importer", "per_s": 1}]}))

    found = await figures(out, "--work", "import", "--rows", "4000")

    kept, limit, slow, ours = found["rows"]
    assert before == kept
    assert {("import", stack.database)} == {(row["work"], row["database"]) for row in (limit, slow, ours)}
    assert [("insert_many", 4000, 0), ("row_by_row", 100, 2000), ("importer", 4000, 0)] == [
        (row["system"], row["rows"], row["had"]) for row in (limit, slow, ours)
    ]
    assert (1.0, 1.0) == (limit["ratio_to_limit"], slow["ratio_to_row_by_row"])
    assert ours["ratio_to_limit"] == pytest.approx(ours["per_s"] / limit["per_s"], abs=0.01)
    assert ours["ratio_to_row_by_row"] == pytest.approx(ours["per_s"] / slow["per_s"], rel=0.02)
    assert 250 > ours["rss_mb"] > ours["rss_above_idle_mb"] >= 0


@pytest.mark.long
async def test_a_long_import_is_compared_with_its_limit(stack: devstack.Stack, tmp_path: Path) -> None:
    """Work `import_flat`: how much more a row costs at the end."""
    found = await figures(tmp_path / "figures.json", "--work", "import_flat", "--rows", "4000")

    assert ["insert_many", "importer"] == [row["system"] for row in found["rows"]]
    assert all(row["last_tenth_to_first_tenth"] > 0 for row in found["rows"])
