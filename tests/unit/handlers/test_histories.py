"""A history has each move once, by time, whatever the ledger has forgotten."""

from datetime import timedelta
from typing import Any

from handlers.histories import Moves, code_history, fan_history
from schemas.documents import CodeDocument, ImportDocument
from schemas.histories import FanHistory
from tests.fakes.builders import (
    CAMPAIGN,
    FAN,
    HOUR,
    NOW,
    a_release,
    a_reservation,
    a_reserve,
    a_result,
    an_assign,
    an_entry,
    an_expiry,
    asked,
)

RESERVED = an_entry(asked(a_reserve()), a_result())
LATER = NOW + timedelta(minutes=5)


def released(request: Any, **changes: Any) -> Any:
    """The ledger entry of a release."""
    fields = {"request_id": request.request_id, "operation": "release", "outcome": "released", "expires_at": None}
    return an_entry(asked(request), a_result(**fields, decided_at=LATER, **changes))


def told(found: Moves) -> FanHistory:
    """The fan's history, two hours later."""
    history = fan_history(FAN, found, now=NOW + 2 * HOUR)
    assert history is not None
    return history


def events(found: Moves) -> list[tuple[str, str]]:
    """What happened, and where that is known from."""
    return [(event.what, event.known_from) for event in told(found).events]


def test_a_move_is_known_from_the_ledger_and_not_told_twice() -> None:
    """The reservation's own state adds nothing then."""
    end = released(a_release(fan_id=FAN))
    found = Moves([a_reservation(state="released", changed_at=LATER)], [end, RESERVED])

    assert [("reserved", "ledger"), ("released", "ledger")] == events(found)


def test_what_the_ledger_has_forgotten_is_known_from_the_reservation() -> None:
    """Its last move, with the fan and the codes."""
    [event] = told(Moves([a_reservation(state="assigned", changed_at=LATER)], [])).events

    assert ("assigned", "reservation", LATER, ("c-1",), "r-1") == (
        event.what,
        event.known_from,
        event.at,
        event.code_ids,
        event.reservation_id,
    )


def test_an_expiry_is_not_a_release() -> None:
    """Whether the expirer or a sender asked for it."""
    by_expirer = Moves([a_reservation(state="expired", changed_at=LATER)], [released(an_expiry())])
    by_sender = Moves([a_reservation(state="expired")], [released(a_release(reason="expired"))])

    assert [("expired", "ledger")] == events(by_expirer) == events(by_sender)


def test_a_refusal_has_its_reason() -> None:
    """And is there although it moved nothing."""
    refusal = a_result(request_id="a-1", operation="assign", outcome="refused", reason="not_the_holder", code_ids=())
    [event] = told(Moves([], [an_entry(asked(an_assign()), refusal)])).events

    assert ("refused", "not_the_holder", "assign") == (event.what, event.reason, event.operation)


def test_a_hold_past_its_end_is_overdue() -> None:
    """The last changed reservation is first."""
    old = a_reservation(_id="r-0", state="released", changed_at=NOW - HOUR)

    first, second = told(Moves([old, a_reservation()], [])).reservations

    assert [("r-1", True), ("r-0", False)] == [(row.reservation_id, row.overdue) for row in (first, second)]


def test_a_fan_of_whom_nothing_is_known_has_no_history() -> None:
    """An empty history would say that the fan is known."""
    assert fan_history(FAN, Moves([], []), now=NOW) is None


def a_code(**changes: Any) -> CodeDocument:
    """Code `c-1`, held."""
    fields = {"_id": "c-1", "campaign_id": CAMPAIGN, "code": "SECRET-1", "code_type": "tm", "status": "reserved"}
    more = {"moved_by": "reserve.requests.v1.0@0", "imported_by": "i-1", "changed_at": NOW}
    return CodeDocument.model_validate({**fields, **more, **changes}, strict=False)


def test_a_codes_history_begins_with_its_import() -> None:
    """It names the holder, and never the value."""
    imported = ImportDocument.trusted(id="i-1", campaign_id=CAMPAIGN, started_at=NOW - HOUR)

    history = code_history(a_code(), imported, a_reservation(), Moves([a_reservation()], [RESERVED]))

    assert ["imported", "reserved"] == [event.what for event in history.events]
    assert (FAN, "i-1") == (getattr(history.holder, "fan_id", None), history.events[0].import_id)
    assert "SECRET" not in history.model_dump_json()
