"""What `python -m tests.simulation` prints, and how it ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tests.simulation.report import reported
from tests.simulation.seeds import HASH_SEED, seeds_of
from tests.simulation.verdicts import Verdict, until

GOOD: Final = Verdict(seed=3, violations=(), requests=200, faults=4, virtual_s=1800.0, steps=9)
BAD: Final = Verdict(seed=4, violations=("two_holders: r-1",), requests=100, faults=5, virtual_s=1800.0, steps=9)
TIMEOUT_S: Final = 300
"""Far more than the few seconds that it takes: a machine may have much else to do."""


def test_seeds_are_numbers_spans_and_lists() -> None:
    """In the order in which they are named."""
    assert [17] == seeds_of("17")
    assert [3, 7, 100, 101, 102] == seeds_of("3,7,100-102")


def test_a_run_without_a_failure_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Its only line is the summary."""
    assert 0 == reported([GOOD, GOOD])
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("simulate: seeds=2 requests=400 faults=8 failed=0 virtual_hours=1.0 seconds=")


def test_a_failing_seed_is_printed_at_once_with_the_command_that_repeats_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody waits for the last seed to learn of the first that fails."""

    def verdicts() -> Iterator[Verdict]:
        yield BAD
        shown = capsys.readouterr().out
        assert "seed 4 failed: 1 violations\n  two_holders: r-1\n  again: make simulate SEEDS=4;" in shown
        yield GOOD

    assert 1 == reported(verdicts())
    assert "seeds=2 " in (summary := capsys.readouterr().out)
    assert "failed=1 " in summary


def test_a_long_list_of_violations_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """The first ten show what is wrong; the line before says how many there are."""
    verdict = Verdict(5, tuple(f"unanswered: r-{number}" for number in range(40)), 100, 5, 60.0, 9)

    reported([verdict])

    shown = capsys.readouterr().out
    assert "seed 5 failed: 40 violations" in shown
    assert "and 30 more" in shown
    assert "r-10" not in shown


def test_a_run_of_nothing_has_failed() -> None:
    """It has shown nothing."""
    assert 1 == reported([])


def test_no_seed_begins_when_the_time_is_over() -> None:
    """One that has begun is ended."""
    assert [] == list(until([1, 2], -1.0))
    assert [1, 2] == list(until([1, 2], None))


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.thorough
def test_the_command_runs_seeds_in_several_processes_and_sets_the_hash_seed() -> None:
    """A person need not know of it."""
    environment = {name: value for name, value in os.environ.items() if name != HASH_SEED}
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", "1-2", "--jobs", "2"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("simulate: seeds=2 ")
