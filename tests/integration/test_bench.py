"""The benchmark in short: that it measures what it says, not how fast this machine is."""

import json
import sys
from asyncio import create_subprocess_exec
from pathlib import Path

import pytest

import devstack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


async def test_a_short_benchmark_writes_its_figures(stack: devstack.Stack, tmp_path: Path) -> None:
    """One round: both systems, their rates, the ratio and the memory."""
    out = tmp_path / "figures.json"
    arguments = ["--requests", "1000", "--rounds", "1", "--partitions", "2", "--out", str(out)]
    process = await create_subprocess_exec(sys.executable, "-m", "benchmarks", *arguments)
    assert 0 == await process.wait()

    figures = json.loads(out.read_text())
    slow, fast = figures["rows"]
    assert stack.database == figures["database"]
    assert ("per_message", 1.0, 100) == (slow["system"], slow["ratio_to_per_message"], slow["requests"])
    assert ("worker", 2, 1000) == (fast["system"], fast["partitions"], fast["requests"])
    assert fast["ratio_to_per_message"] == pytest.approx(fast["per_s"] / slow["per_s"], rel=0.02)
    assert 250 > fast["rss_mb"] > 20
