"""The checker's work grows no faster than the history."""

import cProfile
import pstats

from tests.checking.check import check
from tests.checking.history import History
from tests.unit.checking.stories import random_history

CALLS_PER_RECORD_MAX = 120
"""Some 75 were counted; 2,000 requests then take 0.05 to 0.1 s."""


def calls(history: History) -> int:
    """Function calls of one check, which no load of the machine changes."""
    profile = cProfile.Profile()
    profile.runcall(check, history)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]  # not in the stubs


def test_its_work_is_linear_in_the_history() -> None:
    """A history four times as long costs less than five times as much, and no more than so much a record."""
    small, large = random_history(1, 500), random_history(1, 2_000)

    assert calls(large) < 5 * calls(small)
    assert calls(large) < CALLS_PER_RECORD_MAX * (len(large.inputs) + len(large.outputs))
