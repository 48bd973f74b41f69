"""The benchmark in short: that it measures what it says, not how fast this machine is."""

import json
import sys
from asyncio import create_subprocess_exec
from pathlib import Path
from typing import Any

import pytest

import devstack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


async def figures(out: Path, *arguments: str) -> dict[str, Any]:
    """What a benchmark of one round wrote."""
    process = await create_subprocess_exec(
        sys.executable, "-m", "benchmarks", "--rounds", "1", "--out", str(out), *arguments
    )
    assert 0 == await process.wait()
    return read(out)


def read(out: Path) -> dict[str, Any]:
    """The file."""
    found: dict[str, Any] = json.loads(out.read_text())
    return found


async def test_a_short_benchmark_writes_its_figures(stack: devstack.Stack, tmp_path: Path) -> None:
    """Work `reserve`: both systems, their rates, the ratio and the memory."""
    found = await figures(tmp_path / "figures.json", "--work", "reserve", "--requests", "1000", "--partitions", "2")

    slow, fast = found["rows"]
    assert stack.database == found["database"]
    assert ("per_message", 1.0, 100) == (slow["system"], slow["ratio_to_per_message"], slow["requests"])
    assert ("worker", 2, 1000) == (fast["system"], fast["partitions"], fast["requests"])
    assert fast["ratio_to_per_message"] == pytest.approx(fast["per_s"] / slow["per_s"], rel=0.02)
    assert 250 > fast["rss_mb"] > 20


async def test_a_short_import_is_compared_with_its_limit_and_with_row_by_row(
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
    assert [("insert_many", 4000, 0), ("row_by_row", 200, 2000), ("importer", 4000, 0)] == [
        (row["system"], row["rows"], row["had"]) for row in (limit, slow, ours)
    ]
    assert (1.0, 1.0) == (limit["ratio_to_limit"], slow["ratio_to_row_by_row"])
    assert ours["ratio_to_limit"] == pytest.approx(ours["per_s"] / limit["per_s"], abs=0.01)
    assert ours["ratio_to_row_by_row"] == pytest.approx(ours["per_s"] / slow["per_s"], rel=0.02)
    assert 250 > ours["rss_mb"] > ours["rss_above_idle_mb"] >= 0
