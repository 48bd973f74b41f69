"""The rules: every outcome, every reason, and which reason comes first."""

from datetime import datetime, timedelta

import pytest

from handlers.requests.decide import decide
from handlers.requests.facts import Facts
from schemas.requests import Request
from schemas.results import Result
from tests.fakes.builders import (
    EXTERNAL,
    HOUR,
    NOW,
    a_release,
    a_reservation,
    a_reserve,
    a_shard,
    a_state,
    an_assign,
    an_assign_from_stock,
    an_expiry,
    asked,
    candidates,
    facts,
)

MILLISECOND = timedelta(milliseconds=1)
HELD = a_reservation()
ENDED = [
    ("assigned", "reservation_assigned"),
    ("released", "reservation_released"),
    ("expired", "reservation_expired"),
]


def decided(request: Request, of: Facts, *, at: datetime = NOW, now: datetime = NOW) -> Result:
    """One request, decided alone."""
    return decide(asked(request, at=at), a_state(of, now=now))


def test_a_reserve_holds_what_is_wanted_from_now_on() -> None:
    """The time to live starts at the decision, not when it was asked."""
    result = decided(a_reserve(quantity=2, ttl_s=60), facts(stock=3), at=NOW - HOUR)

    assert (
        Result(
            request_id="r-1",
            operation="reserve",
            outcome="reserved",
            campaign_id="summer",
            fan_id="fan-1",
            code_type="tm",
            quantity=2,
            code_ids=("c-1", "c-2"),
            reservation_id="r-1",
            expires_at=NOW + timedelta(seconds=60),
            decided_at=NOW,
        )
        == result
    )


@pytest.mark.parametrize("request_", [a_reserve(quantity=3), an_assign_from_stock(quantity=3)])
def test_it_is_all_or_nothing(request_: Request) -> None:
    """Two of three are none, and they stay where they are."""
    state = a_state(facts(stock=2))

    refused = decide(asked(request_), state)

    assert ("refused", "out_of_stock", 3, ()) == (refused.outcome, refused.reason, refused.quantity, refused.code_ids)
    assert {} == state.code_moves()
    assert "reserved" == decide(asked(a_reserve(request_id="r-2", quantity=2)), state).outcome


def test_the_code_types_have_stocks_of_their_own() -> None:
    """`external` codes are not given for `tm` ones."""
    of = facts(stock={EXTERNAL: candidates(1)})

    assert "out_of_stock" == decided(a_reserve(), of).reason
    assert "external" == decided(a_reserve(code_type="external"), of).code_type


def test_an_assign_from_stock_is_for_good_from_the_start() -> None:
    """Its reservation is its request; nothing expires."""
    result = decided(an_assign_from_stock(quantity=2), facts(stock=2))

    assert ("assigned", "assign", ("c-1", "c-2"), 2, "s-1", None) == (
        result.outcome,
        result.operation,
        result.code_ids,
        result.quantity,
        result.reservation_id,
        result.expires_at,
    )


def test_an_assign_gives_the_holder_what_was_held() -> None:
    """All of it, whatever the request says of quantities."""
    held = a_reservation(code_ids=("c-1", "c-2"), code_type="external")

    result = decided(an_assign(), facts(reservations=[held]))

    assert (
        Result(
            request_id="a-1",
            operation="assign",
            outcome="assigned",
            campaign_id="summer",
            fan_id="fan-1",
            code_type="external",
            quantity=2,
            code_ids=("c-1", "c-2"),
            reservation_id="r-1",
            decided_at=NOW,
        )
        == result
    )


@pytest.mark.parametrize("fan_id", [None, "fan-1"])
def test_a_release_puts_back_what_was_held(fan_id: str | None) -> None:
    """Named or not, the result says whose it was."""
    result = decided(a_release(fan_id=fan_id), facts(reservations=[HELD]))

    assert ("released", "release", ("c-1",), "fan-1", "r-1") == (
        result.outcome,
        result.operation,
        result.code_ids,
        result.fan_id,
        result.reservation_id,
    )


@pytest.mark.parametrize("request_", [a_reserve(), an_assign(), an_assign_from_stock(), a_release()])
def test_a_campaign_that_nobody_imported_is_unknown(request_: Request) -> None:
    """Before anything else, even before the id is looked at."""
    of = facts(known=frozenset(), reservations=[HELD, a_reservation(_id="s-1")], stock=1)

    assert "unknown_campaign" == decided(request_, of).reason


@pytest.mark.parametrize("request_", [a_reserve(), an_assign_from_stock(request_id="r-1")])
@pytest.mark.parametrize("campaign_id", ["summer", "winter"])
def test_a_reservation_is_not_made_twice(request_: Request, campaign_id: str) -> None:
    """The ledger may have forgotten the id; the reservation has not, in whatever campaign."""
    of = facts(stock=1, reservations=[a_reservation(campaign_id=campaign_id)])

    assert ("refused", "request_id_reused") == (decided(request_, of).outcome, decided(request_, of).reason)


@pytest.mark.parametrize("request_", [an_assign(), a_release(), an_expiry()])
def test_a_reservation_must_be_there(request_: Request) -> None:
    """In this campaign."""
    assert "reservation_not_found" == decided(request_, facts()).reason
    elsewhere = facts(reservations=[a_reservation(campaign_id="winter")])
    assert "reservation_not_found" == decided(request_, elsewhere).reason


@pytest.mark.parametrize("state", ["held", "assigned", "released", "expired"])
@pytest.mark.parametrize("request_", [an_assign(fan_id="fan-2"), a_release(fan_id="fan-2")])
def test_a_stranger_learns_nothing_of_a_reservation(state: str, request_: Request) -> None:
    """Whatever became of it, and whether or not its time is over."""
    of = facts(reservations=[a_reservation(state=state)])

    for at in (NOW, NOW + 2 * HOUR):
        refused = decided(request_, of, at=at)
        assert ("not_the_holder", ()) == (refused.reason, refused.code_ids)


@pytest.mark.parametrize(("state", "reason"), ENDED)
@pytest.mark.parametrize("request_", [an_assign(), a_release(), a_release(reason="expired"), an_expiry()])
def test_what_has_ended_cannot_end_again(state: str, reason: str, request_: Request) -> None:
    """The refusal says how it ended, however late it is."""
    of = facts(reservations=[a_reservation(state=state)])

    assert {reason} == {decided(request_, of, at=at).reason for at in (NOW, NOW + 2 * HOUR)}


@pytest.mark.parametrize("request_", [an_assign(), a_release()])
def test_time_is_judged_when_it_was_asked(request_: Request) -> None:
    """Who asked in time is not punished for the queue; who asked too late is not saved by a slow clock."""
    of = facts(reservations=[HELD])
    end = NOW + HOUR

    assert "refused" != decided(request_, of, at=end - MILLISECOND, now=end + 24 * HOUR).outcome
    assert "reservation_expired" == decided(request_, of, at=end, now=NOW).reason


def test_a_release_because_expired_has_no_time() -> None:
    """A sender's may come before, the expirer's only after the end."""
    of = facts(reservations=[HELD])
    end = NOW + HOUR

    assert "released" == decided(a_release(reason="expired"), of, at=NOW).outcome
    assert "released" == decided(a_release(reason="expired"), of, at=end).outcome
    assert "invalid_request" == decided(an_expiry(), of, at=end - MILLISECOND).reason
    assert "released" == decided(an_expiry(), of, at=end).outcome


@pytest.mark.parametrize(
    ("request_", "state"),
    [
        (a_release(), "released"),
        (a_release(reason="cancelled"), "released"),
        (a_release(reason="expired"), "expired"),
        (an_assign(), "assigned"),
    ],
)
def test_a_reservation_ends_as_was_asked(request_: Request, state: str) -> None:
    """And nowhere else."""
    working = a_state(facts(reservations=[HELD]))
    decide(asked(request_), working)

    assert {state: ("r-1",)} == working.reservation_moves()


CLOSED = facts(stock=3, reservations=[HELD], closed=frozenset({"summer"}))


@pytest.mark.parametrize("request_", [a_reserve(request_id="r-9"), an_assign_from_stock()])
def test_a_closed_campaign_gives_out_nothing_of_its_stock(request_: Request) -> None:
    """Though there are codes; that its id is taken, and that a campaign is unknown, is said first."""
    unknown = facts(stock=3, known=frozenset(), closed=frozenset({"summer"}))
    taken = facts(stock=3, reservations=[a_reservation(_id=request_.request_id)], closed=frozenset({"summer"}))

    assert ("campaign_closed", ()) == (decided(request_, CLOSED).reason, decided(request_, CLOSED).code_ids)
    assert "unknown_campaign" == decided(request_, unknown).reason
    assert "request_id_reused" == decided(request_, taken).reason


@pytest.mark.parametrize("request_", [an_assign(), a_release()])
def test_holds_of_a_closed_campaign_go_on(request_: Request) -> None:
    """Whoever holds codes keeps the right to them."""
    assert "refused" != decided(request_, CLOSED).outcome


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_partitions_own_shard_knows_better_than_the_cache(is_closed: bool) -> None:
    """The cache may be a second old; the write is guarded by the shard."""
    cached = frozenset() if is_closed else frozenset({"summer"})
    of = facts(stock=3, shards=[a_shard(is_closed=is_closed)], closed=cached)

    assert is_closed == (decided(a_reserve(), of).reason == "campaign_closed")


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_shard_begins_as_its_campaign_is(is_closed: bool) -> None:
    """A release in a partition without a shard: the store compares it with the campaign's document."""
    working = a_state(facts(reservations=[HELD], closed=frozenset({"summer"}) if is_closed else frozenset()))
    decide(asked(a_release()), working)

    [change] = working.shard_changes()

    assert (0, is_closed) == (change.version_before, change.after.is_closed)


def test_a_refusal_says_what_was_asked() -> None:
    """The named reservation, its type, and no codes."""
    refused = decided(an_assign(), facts(reservations=[a_reservation(state="released", code_type="external")]))

    assert (
        Result(
            request_id="a-1",
            operation="assign",
            outcome="refused",
            campaign_id="summer",
            fan_id="fan-1",
            code_type="external",
            reservation_id="r-1",
            reason="reservation_released",
            decided_at=NOW,
        )
        == refused
    )


def test_instants_are_cut_to_what_the_wire_can_say() -> None:
    """So that a result published again from the database is equal."""
    result = decided(a_reserve(ttl_s=1), facts(stock=1), now=NOW + timedelta(microseconds=1_999))

    assert NOW + MILLISECOND == result.decided_at
    assert NOW + MILLISECOND + timedelta(seconds=1) == result.expires_at
