"""Health: a hanging loop is found, waiting is not punished, readiness says what is missing."""

import pytest

from ops.telemetry.health import SILENCE_MAX_S, Health, Verdict, silence_max_s
from tests.fakes.time import SecondsClock

MINE = frozenset({("codes.reserve.requests.v1", 0), ("codes.reserve.requests.v1", 1)})


@pytest.fixture
def clock() -> SecondsClock:
    """It is zero."""
    return SecondsClock(0.0)


@pytest.fixture
def health(clock: SecondsClock) -> Health:
    """A worker that has started and has two partitions."""
    health = Health(consumes=True, clock=clock)
    health.started()
    health.assigned(MINE)
    return health


class TestLive:
    def test_a_loop_that_does_not_turn_is_named(self, health: Health, clock: SecondsClock) -> None:
        """One of two hangs; the other one's turns do not hide it."""
        clock.now = SILENCE_MAX_S + 1
        health.turned("codes.reserve.requests.v1", 0)

        assert Verdict(("turn of codes.reserve.requests.v1.1",)) == health.live()

    def test_a_turn_within_the_time_is_enough(self, health: Health, clock: SecondsClock) -> None:
        """The limit itself is still well."""
        clock.now = SILENCE_MAX_S

        assert health.live().well

    def test_waiting_for_a_part_is_not_hanging(self, health: Health, clock: SecondsClock) -> None:
        """A restart would not bring MongoDB back, and would only add a rebalance."""
        health.waits_for("mongo")
        clock.now = SILENCE_MAX_S * 10

        assert health.live().well

    def test_after_a_wait_loops_have_their_full_time_again(self, health: Health, clock: SecondsClock) -> None:
        """Else the first probe after an outage would kill every process at once."""
        health.waits_for("mongo")
        clock.now = SILENCE_MAX_S * 10
        health.answered("mongo")

        assert health.live().well
        clock.now += SILENCE_MAX_S + 1
        assert not health.live().well

    def test_a_loop_without_work_need_not_turn(self, clock: SecondsClock) -> None:
        """Only if it is known that there is none; with the first record it must."""
        idle = {"codes.reserve.requests.v1"}
        health = Health(consumes=True, is_idle=lambda topic, _: topic in idle, clock=clock)
        health.assigned(MINE)
        clock.now = SILENCE_MAX_S + 1
        assert health.live().well

        idle.clear()
        assert Verdict(tuple(f"turn of codes.reserve.requests.v1.{number}" for number in (0, 1))) == health.live()

    def test_partitions_that_others_have_now_need_not_turn(self, health: Health, clock: SecondsClock) -> None:
        """Revoked or fenced, they are somebody else's to watch."""
        health.fenced("codes.reserve.requests.v1", 0)
        health.assigned(frozenset({("codes.reserve.requests.v1", 0)}))
        health.fenced("codes.reserve.requests.v1", 0)
        clock.now = SILENCE_MAX_S * 2

        assert health.live().well

    def test_a_rebalance_does_not_reset_a_loop_that_stays(self, health: Health, clock: SecondsClock) -> None:
        """A group that rebalances every half minute must not hide a hanging loop."""
        clock.now = SILENCE_MAX_S / 2
        health.assigned(MINE)
        clock.now = SILENCE_MAX_S + 1

        assert not health.live().well

    def test_a_process_without_partitions_lives(self, clock: SecondsClock) -> None:
        """The expirer, and a spare worker."""
        clock.now = 1e6

        assert Health(consumes=True, clock=clock).live().well


class TestReady:
    def test_what_is_missing_is_said_in_full(self, clock: SecondsClock) -> None:
        """Start, partitions, and each part that is unavailable."""
        health = Health(consumes=True, clock=clock)
        health.waits_for("s3")
        health.waits_for("mongo")

        assert Verdict(("start", "partitions", "mongo", "s3")) == health.ready()

    def test_ready_is_started_assigned_and_answered(self, health: Health) -> None:
        """And not before the part that was unavailable answers."""
        assert health.ready().well
        health.waits_for("kafka")
        assert Verdict(("kafka",)) == health.ready()
        health.answered("kafka")
        assert health.ready().well

    def test_a_role_without_partitions_does_not_wait_for_any(self, clock: SecondsClock) -> None:
        """The expirer belongs to no group."""
        health = Health(consumes=False, clock=clock)
        health.started()

        assert health.ready().well

    def test_a_spare_process_is_ready(self, clock: SecondsClock) -> None:
        """The group gave it nothing: that is an answer too, and a roll-out must not wait for more."""
        health = Health(consumes=True, clock=clock)
        health.started()
        health.assigned(frozenset())

        assert health.ready().well

    def test_a_process_that_stops_is_not_ready(self, health: Health) -> None:
        """It takes nothing new."""
        health.stopping()

        assert Verdict(("start",)) == health.ready()


def test_a_long_time_out_of_mongodb_makes_long_turns_normal() -> None:
    """A batch that takes a minute and a half within its time-out must not be killed; by default a minute is long."""
    assert (60, 60, 300) == (silence_max_s(100), silence_max_s(10_000), silence_max_s(100_000))
