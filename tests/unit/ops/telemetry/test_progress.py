"""Lag: true at any moment, never below 0, and absent where it is not known."""

import pytest

from ops.telemetry.progress import FRESH_S, Place, Progress
from schemas.observation.partitions import Ends
from tests.fakes.time import SecondsClock

P: Place = ("codes.reserve.requests.v1", 0)
OTHER: Place = ("codes.reserve.requests.v1", 1)


@pytest.fixture
def clock() -> SecondsClock:
    """At second 1000."""
    return SecondsClock()


@pytest.fixture
def progress(clock: SecondsClock) -> Progress:
    """One partition is served, from offset 10 on; the log ends at 10."""
    progress = Progress(clock)
    progress.serve(frozenset({P}))
    progress.reached(P, 10)
    read_end(progress, 10)
    return progress


def read_end(progress: Progress, end: int) -> None:
    """No sender has a transaction open."""
    progress.ends_read({P: Ends(end, end)})


def lag(progress: Progress, place: Place = P) -> tuple[int | None, float | None]:
    """In records and in seconds."""
    found = dict(progress)[place]
    return found.lag_records(progress.now()), found.lag_s(progress.now())


def test_caught_up_is_zero(progress: Progress) -> None:
    """In both, also when the loop is past the end that the broker gave last."""
    assert (0, 0) == lag(progress)
    progress.reached(P, 15)
    assert (0, 0) == lag(progress)


def test_what_is_in_hand_grows_older_by_itself(progress: Progress, clock: SecondsClock) -> None:
    """No fact arrives while a database is unavailable, or a loop hangs."""
    read_end(progress, 15)
    progress.took(P, 10, 998.0, 999.0)
    assert (5, 2) == lag(progress)

    clock.now += 20
    assert (5, 22) == lag(progress)


def test_the_age_of_what_is_in_hand_needs_no_broker(progress: Progress, clock: SecondsClock) -> None:
    """How many there are is not known any more; how old the oldest is stays true."""
    progress.took(P, 10, 1_000.0, 1_000.0)
    clock.now += FRESH_S + 1

    assert (None, FRESH_S + 1) == lag(progress)


def test_a_new_record_that_waits_for_its_poll_is_as_old_as_the_last_pause(
    progress: Progress, clock: SecondsClock
) -> None:
    """After an hour without records, the first one is not an hour old."""
    for _ in range(3_600):
        clock.now += 1
        read_end(progress, 10)
    clock.now += 0.25
    read_end(progress, 11)

    assert (1, 0.25) == lag(progress)


def test_between_two_batches_of_a_backlog_the_age_does_not_fall(progress: Progress, clock: SecondsClock) -> None:
    """The next record is no older than the last one answered."""
    clock.now = 1_600.0
    read_end(progress, 1_000)
    progress.took(P, 10, 1_000.0, 1_010.0)
    progress.reached(P, 500)

    assert (500, 590) == lag(progress)


def test_a_start_over_does_not_make_the_record_younger(progress: Progress, clock: SecondsClock) -> None:
    """Kafka failed; the batch goes back to its first record."""
    read_end(progress, 15)
    progress.took(P, 10, 990.0, 999.0)
    progress.reached(P, 10)

    clock.now += 5
    assert (5, 15) == lag(progress)


def test_what_is_not_known_is_none(clock: SecondsClock) -> None:
    """Never 0: before the position is known, before the end is, and between a start behind the end and its poll."""
    progress = Progress(clock)
    progress.serve(frozenset({P}))
    assert (None, None) == lag(progress)
    progress.reached(P, 10)
    assert (None, None) == lag(progress)
    read_end(progress, 12)
    assert (2, None) == lag(progress)


def test_an_end_read_long_ago_is_not_known(progress: Progress, clock: SecondsClock) -> None:
    """The broker is unavailable: senders may have sent since."""
    clock.now += FRESH_S
    assert (0, 0) == lag(progress)
    clock.now += 1
    assert (None, None) == lag(progress)


def test_a_clock_that_is_fast_makes_no_negative_age(progress: Progress) -> None:
    """The broker's."""
    progress.took(P, 10, 1_001.0, 1_001.0)

    assert 0 == lag(progress)[1]


def test_what_cannot_be_read_yet_is_no_lag(progress: Progress) -> None:
    """A sender's transaction is open: no consumer could do anything about it."""
    progress.ends_read({P: Ends(last_stable=10, high_watermark=50)})

    assert (0, 0) == lag(progress)
    assert progress.is_idle(*P)


def test_only_what_is_served_is_known(progress: Progress) -> None:
    """Late words of others are not remembered; what stays through a rebalance is."""
    progress.serve(frozenset({P, OTHER}))
    assert (0, 0) == lag(progress)
    progress.serve(frozenset({OTHER}))
    progress.reached(P, 20)
    progress.took(P, 20, 1.0, 1.0)
    progress.turned(P)
    read_end(progress, 20)
    progress.lost(P)

    assert [OTHER] == [place for place, _ in progress]
    assert not progress.is_idle(*P)


def test_idle_is_only_what_is_known_to_be(progress: Progress, clock: SecondsClock) -> None:
    """Not with a record in hand, not with one to be read, not without an end."""
    assert progress.is_idle(*P)
    progress.took(P, 10, 1_000.0, 1_000.0)
    assert not progress.is_idle(*P)
    progress.reached(P, 11)
    assert progress.is_idle(*P)
    read_end(progress, 12)
    assert not progress.is_idle(*P)
    progress.reached(P, 12)
    clock.now += FRESH_S + 1
    assert not progress.is_idle(*P)


def test_progress_is_when_the_position_moves(progress: Progress, clock: SecondsClock) -> None:
    """A turn without records is none."""
    clock.now += 7
    progress.turned(P)
    progress.reached(P, 10)
    assert (1_000, 1_007) == (dict(progress)[P].moved_at, dict(progress)[P].turned_at)
    progress.reached(P, 11)
    assert 1_007 == dict(progress)[P].moved_at
