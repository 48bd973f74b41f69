"""Rates, the time until empty, and history, by a clock that the tests turn."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.inventory.counts import Counts
from handlers.inventory.motion import COARSE, FINE, Motion, Steps, empty_in_s
from schemas.base import CodeType
from schemas.events import InventoryChanged

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def moved(motion: Motion, version: int, counts: Counts, ago_s: float, code_type: CodeType = "tm") -> None:
    event = InventoryChanged(
        campaign_id="sale",
        code_type=code_type,
        shard="s",
        version=version,
        **counts._asdict(),
        cause="reserve",
        changed_at=NOW - timedelta(seconds=ago_s),
    )
    motion.add(event, NOW)


def a_motion() -> Motion:
    """1,000 codes imported long ago, 300 reserved four minutes ago, 60 assigned half a minute ago."""
    motion = Motion()
    moved(motion, 1, Counts(1_000, 0, 0), 2_000)
    moved(motion, 2, Counts(700, 300, 0), 240)
    moved(motion, 3, Counts(640, 300, 60), 30)
    return motion


def test_a_rate_is_what_left_the_stock_in_its_window() -> None:
    """An import is no demand."""
    motion = a_motion()

    assert (1.0, 1.2) == (motion.rate(NOW, 60), motion.rate(NOW, 300))
    assert (1.0, 0.0) == (motion.rate(NOW, 60, "tm"), motion.rate(NOW, 60, "external"))
    assert (0.0, 0.2) == (motion.rate(NOW + timedelta(minutes=1), 60), motion.rate(NOW + timedelta(minutes=2), 300))


def test_codes_that_come_back_are_taken_off_and_never_make_a_rate_negative() -> None:
    """A release is no sale."""
    motion = a_motion()
    moved(motion, 4, Counts(940, 0, 60), 5)

    assert (0.0, 0.2) == (motion.rate(NOW, 60), motion.rate(NOW, 300))


def test_the_time_until_empty_is_what_is_left_at_this_rate() -> None:
    """Nothing leaves: never."""
    assert (500.0, None, 0.0) == (empty_in_s(600, 1.2), empty_in_s(600, 0.0), empty_in_s(-5, 1.0))


def test_an_instant_of_a_clock_that_is_fast_counts_as_now() -> None:
    """Else a rate would begin in an hour."""
    motion = Motion()
    moved(motion, 1, Counts(-60, 60, 0), -3_600)

    assert 1.0 == motion.rate(NOW, 60)


def test_a_shard_whose_past_is_not_known_moves_nothing_at_first() -> None:
    """Its first word here is a running total, not a change."""
    motion = Motion()
    moved(motion, 41, Counts(-500, 500, 0), 20)
    moved(motion, 42, Counts(-506, 506, 0), 10)

    assert 0.1 == motion.rate(NOW, 60)


def test_history_is_steps_back_from_now() -> None:
    """Each change is at the end of its step."""
    points = a_motion().history(Counts(640, 300, 60), NOW, FINE)

    now = int(NOW.timestamp())
    assert [
        (now - 2_000, Counts()),
        (now - 1_990, Counts(1_000, 0, 0)),
        (now - 240, Counts(1_000, 0, 0)),
        (now - 230, Counts(700, 300, 0)),
        (now - 30, Counts(700, 300, 0)),
        (now - 20, Counts(640, 300, 60)),
        (now, Counts(640, 300, 60)),
    ] == points


def test_history_is_bounded() -> None:
    """An hour of fine steps, a day of coarse ones, however long a campaign moves."""
    motion = Motion()
    for number in range(1, 3_000):
        moved(motion, number, Counts(-number, number, 0), (3_000 - number) * 60)

    [movement] = motion.types.values()
    assert (60, COARSE.steps_max) == (len(movement.fine.changes), len(movement.coarse.changes))
    assert 60 * 2 >= len(motion.history(Counts(), NOW, FINE)) - 1


def test_a_rate_adds_up_no_step_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a change in each step of the window, a later answer looks only at the step that left the window."""
    motion = Motion()
    for number in range(1, 32):
        moved(motion, number, Counts(-number, number, 0), (31 - number) * 10)
    motion.rate(NOW, 300)
    looked_at: list[int] = []

    def left_in(_: Steps, step: int) -> int:
        looked_at.append(step)
        return 1

    monkeypatch.setattr(Steps, "left_in", left_in)

    assert 0.097 == motion.rate(NOW + timedelta(seconds=10), 300)
    assert 1 == len(looked_at)
