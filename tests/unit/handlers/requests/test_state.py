"""The working state: what the requests of a batch made of the facts, and nothing outside."""

from schemas.base import CodeStatus
from tests.fakes.builders import HOUR, NOW, TM, a_reservation, a_reserve, a_state, candidates, facts


def test_a_draw_takes_in_order_and_never_in_part() -> None:
    """A short stock is left as it is."""
    state = a_state(facts(stock=3))

    assert ("c-1", "c-2") == state.draw(TM, 2, request_id="r-1")
    assert state.draw(TM, 2, request_id="r-1") is None
    assert ("c-3",) == state.draw(TM, 1, request_id="r-1")
    assert state.draw(TM, 1, request_id="r-1") is None


def test_values_of_drawn_codes_are_known() -> None:
    """So that an event can say them."""
    state = a_state(facts(stock=2))
    state.draw(TM, 1, request_id="r-1")

    assert {"c-1": "SECRET-1"} == state.code_values


def test_a_reservation_is_of_its_campaign() -> None:
    """Its id is taken in all of them."""
    state = a_state(facts(reservations=[a_reservation()]))

    assert a_reservation() == state.reservation("r-1", "summer")
    assert state.reservation("r-1", "winter") is None
    assert state.reservation("r-2", "summer") is None
    assert (True, False) == (state.has_reservation("r-1"), state.has_reservation("r-2"))


def test_facts_stay_as_they_were() -> None:
    """A plan that proved stale leaves nothing behind."""
    of = facts(stock={TM: candidates(2)}, reservations=[a_reservation(code_ids=("c-9",))])
    state = a_state(of)
    codes = state.draw(TM, 1, request_id="r-1")
    assert codes is not None
    state.open_reservation(a_reserve(request_id="r-2"), codes, state="held", expires_at=NOW + HOUR)
    state.close_reservation(a_reservation(code_ids=("c-9",)), "assigned")

    assert facts(stock={TM: candidates(2)}, reservations=[a_reservation(code_ids=("c-9",))]) == of


def test_totals_are_kept_by_kind() -> None:
    """Each code leaves one status and enters another."""
    state = a_state(facts(reservations=[a_reservation()]))
    state.close_reservation(a_reservation(), "released")

    (change,) = state.shard_changes()
    assert (1, -1, 0) == (change.after.available, change.after.reserved, change.after.assigned)
    assert {(CodeStatus.RESERVED, CodeStatus.AVAILABLE): ("c-1",)} == state.code_moves()
