"""Under which attempt an overdue hold is asked for, and when again."""

from datetime import timedelta
from itertools import pairwise
from math import gcd

import pytest

from handlers.expiry import AGAIN_S_MAX, LOST_AFTER, Asked, Overdue, attempt_of, may_ask
from tests.fakes.builders import CAMPAIGN, FAN, NOW

HOLD = Overdue("r-1", CAMPAIGN, FAN, NOW)
DAYS_30_S = 30 * 24 * 3_600


def attempt(age_s: float, again_after_s: int = 60) -> int:
    return attempt_of(HOLD, NOW + timedelta(seconds=age_s), again_after_s)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(-5, 1), (0, 1), (59.9, 1), (60, 2), (179, 2), (180, 3), (419, 3), (420, 4), (900, 5), (1_860, 6), (3_780, 7)],
)
def test_the_wait_doubles(age_s: float, expected: int) -> None:
    """60 s, then 120 s, 240 s and so on."""
    assert expected == attempt(age_s)


@pytest.mark.parametrize("again_after_s", [1, 7, 60, 3_600, 5_000, 86_400])
def test_attempts_rise_by_one_and_never_wait_longer_than_the_limit(again_after_s: int) -> None:
    """Whatever the setting; and never less than the setting."""
    longest_s = max(again_after_s, AGAIN_S_MAX)
    step_s = gcd(again_after_s, AGAIN_S_MAX)
    starts = [0]
    for age_s in range(step_s, 12 * longest_s, step_s):
        if attempt(age_s, again_after_s) != attempt(age_s - step_s, again_after_s):
            assert attempt(age_s, again_after_s) == attempt(age_s - step_s, again_after_s) + 1
            starts.append(age_s)
    waits = [later - earlier for earlier, later in pairwise(starts)]

    assert sorted(waits) == waits
    assert (again_after_s, longest_s) == (waits[0], waits[-1])


def test_a_month_costs_no_more_to_count_than_a_second() -> None:
    """Some 7 attempts until the longest wait, then one an hour."""
    assert 7 + (DAYS_30_S - 3_780) // 3_600 == attempt(DAYS_30_S)


ASKED = Asked(attempt=1, at=NOW, partition=3, offset=10)


@pytest.mark.parametrize(
    ("attempt_now", "decided", "expected"),
    [
        (1, {3: 11}, False),
        (2, {3: 10}, False),
        (2, {3: 11}, True),
        (2, {0: 0}, True),
        (2, {0: 99, 3: 0}, False),
    ],
)
def test_asked_again_once_decided(attempt_now: int, decided: dict[int, int], expected: bool) -> None:
    """Under another attempt, and if its own partition was decided past it; or nobody says."""
    assert expected == may_ask(attempt_now, ASKED, decided, NOW)


def test_what_was_never_asked_is_asked() -> None:
    """And what was asked too long ago to be there still."""
    assert may_ask(1, None, {}, NOW)
    assert may_ask(2, ASKED, {3: 0}, NOW + LOST_AFTER)
