"""A plan is the same for the same input, and holds only net changes."""

import pytest

from handlers.requests.state import CodeMove
from handlers.shards import ShardChange
from schemas.base import CodeStatus
from schemas.errors import FactsStale
from schemas.requests import Request
from schemas.results import Result
from tests.fakes.builders import (
    EXTERNAL,
    HOUR,
    NOW,
    TM,
    a_plan,
    a_release,
    a_reservation,
    a_reserve,
    a_shard,
    an_assign,
    an_assign_from_stock,
    an_entry,
    asked,
    candidates,
    facts,
    results,
)

TAKEN = CodeMove(CodeStatus.AVAILABLE, CodeStatus.RESERVED)
GIVEN = CodeMove(CodeStatus.RESERVED, CodeStatus.ASSIGNED)
GIVEN_AT_ONCE = CodeMove(CodeStatus.AVAILABLE, CodeStatus.ASSIGNED)
BACK = CodeMove(CodeStatus.RESERVED, CodeStatus.AVAILABLE)
LATER = NOW + 24 * HOUR


def test_the_same_input_gives_the_same_plan() -> None:
    """No clock, no chance."""
    requests = [asked(a_reserve(request_id=f"r-{number}"), offset=number) for number in range(4)]

    assert a_plan(requests, facts(stock=3)) == a_plan(requests, facts(stock=3))


@pytest.mark.parametrize(
    "request_", [a_reserve(request_id="r-2"), a_reserve(), an_assign(), an_assign_from_stock(), a_release()], ids=repr
)
def test_every_result_is_valid(request_: Request) -> None:
    """Accepted ones are made of parts that were checked when they were read, and are not checked again."""
    plan = a_plan([asked(request_)], facts(reservations=[a_reservation()], stock=2))

    [result] = results(plan)
    assert result == Result.model_validate(result.model_dump())


def test_an_empty_batch_writes_nothing() -> None:
    """And says nothing."""
    plan = a_plan([], facts())

    assert not plan.writes
    assert ((), (), {}, ()) == (plan.answers, plan.shard_changes, plan.code_moves, plan.announced_shards)


def test_a_request_sees_what_the_one_before_it_did() -> None:
    """Two codes, three fans."""
    plan = a_plan([asked(a_reserve(request_id=f"r-{number}"), offset=number) for number in range(3)], facts(stock=2))

    assert [("c-1",), ("c-2",), ()] == [result.code_ids for result in results(plan)]
    assert "out_of_stock" == results(plan)[2].reason


def test_a_small_request_is_served_after_a_big_one_was_not() -> None:
    """A refusal moves nothing."""
    requests = [asked(a_reserve(quantity=3)), asked(a_reserve(request_id="r-2", quantity=2), offset=1)]

    assert ["refused", "reserved"] == [result.outcome for result in results(a_plan(requests, facts(stock=2)))]


def test_codes_are_grouped_by_their_move() -> None:
    """One guarded write a move, however many requests."""
    requests = [
        asked(an_assign_from_stock(quantity=2)),
        asked(an_assign(), offset=1),
        asked(an_assign_from_stock(request_id="s-2"), offset=2),
    ]

    plan = a_plan(requests, facts(stock={TM: candidates(3, first=2)}, reservations=[a_reservation()]))

    assert {GIVEN_AT_ONCE: ("c-2", "c-3", "c-4"), GIVEN: ("c-1",)} == plan.code_moves
    assert ["s-1", "s-2"] == [reservation.id for reservation in plan.new_reservations]
    assert {"assigned": ("r-1",)} == plan.reservation_moves
    assert {"c-1": "SECRET-1", "c-2": "SECRET-2", "c-3": "SECRET-3", "c-4": "SECRET-4"} == plan.code_values


def test_a_reserved_code_that_a_stale_stock_still_has_is_not_given_to_a_second_fan() -> None:
    """The assignment takes `c-1` from its reservation; the next fan gets another code of the stock."""
    requests = [asked(an_assign()), asked(an_assign_from_stock(), offset=1)]

    plan = a_plan(requests, facts(stock={TM: candidates(2)}, reservations=[a_reservation()]))

    assert [("c-1",), ("c-2",)] == [result.code_ids for result in results(plan)]


def test_a_stock_that_has_nothing_but_reserved_codes_is_read_again() -> None:
    """It is not out of stock: there may be other codes."""
    requests = [asked(an_assign()), asked(an_assign_from_stock(), offset=1)]

    with pytest.raises(FactsStale):
        a_plan(requests, facts(stock={TM: candidates(1)}, reservations=[a_reservation()]))


def test_a_code_that_went_through_two_states_moves_once() -> None:
    """Reserved and assigned in one batch: a new reservation, assigned from the start."""
    plan = a_plan([asked(a_reserve()), asked(an_assign(), offset=1)], facts(stock=1))

    assert {GIVEN_AT_ONCE: ("c-1",)} == plan.code_moves
    assert ["assigned"] == [reservation.state for reservation in plan.new_reservations]
    assert {} == plan.reservation_moves
    assert [("assign", -1, 0, 1)] == [
        (after.cause, after.available, after.reserved, after.assigned) for _, after in plan.shard_changes
    ]


def test_a_code_that_came_back_does_not_move() -> None:
    """Totals that stay are not published; the ledger still has both requests."""
    plan = a_plan([asked(a_reserve()), asked(a_release(), offset=1)], facts(stock=1))

    assert ({}, (), ()) == (plan.code_moves, plan.shard_changes, plan.announced_shards)
    assert ["released"] == [reservation.state for reservation in plan.new_reservations]
    assert ["r-1", "b-1"] == [entry.id for entry in plan.new_entries]
    assert plan.writes


def test_a_batch_is_named_by_its_shard_and_its_first_record() -> None:
    """What moved a code and the reservation that moved it say the same."""
    plan = a_plan([asked(a_reserve(), offset=41), asked(a_reserve(request_id="r-2"), offset=42)], facts(stock=2))

    assert "reserve.requests.v1.0@41" == plan.batch_id
    assert {plan.batch_id} == {reservation.moved_by for reservation in plan.new_reservations}


def test_totals_go_on_from_where_they_were() -> None:
    """One version up, and only for those that change."""
    other = a_shard(_id="summer:external:reserve.requests.v1.0", code_type="external", version=9)

    plan = a_plan([asked(a_reserve(quantity=2))], facts(stock=2, shards=[a_shard(), other]), now=LATER)

    after = a_shard(version=4, available=-7, reserved=6, changed_at=LATER)
    assert (ShardChange(3, after),) == plan.shard_changes
    assert (after,) == plan.announced_shards


def test_the_first_totals_of_a_shard_are_version_one() -> None:
    """There was none: version 0."""
    plan = a_plan([asked(a_reserve(code_type="external"))], facts(stock={EXTERNAL: candidates(1)}))

    (change,) = plan.shard_changes
    assert (0, 1, -1, 1, 0) == (
        change.version_before,
        change.after.version,
        change.after.available,
        change.after.reserved,
        change.after.assigned,
    )
    assert "summer:external:reserve.requests.v1.0" == change.after.id


def test_a_refusal_is_remembered_too() -> None:
    """Or the same request could have another outcome tomorrow."""
    plan = a_plan([asked(a_reserve())], facts())

    assert (an_entry(asked(a_reserve()), results(plan)[0]),) == plan.new_entries
    assert plan.writes


def test_a_release_puts_codes_back() -> None:
    """With the cause that the reason gives."""
    plan = a_plan([asked(a_release(reason="expired"))], facts(reservations=[a_reservation()], shards=[a_shard()]))

    assert {BACK: ("c-1",)} == plan.code_moves
    assert {"expired": ("r-1",)} == plan.reservation_moves
    assert ["expire"] == [change.after.cause for change in plan.shard_changes]
