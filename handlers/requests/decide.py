"""The rules: what becomes of one request, given the state that the requests before it left.

In:   one readable request with its record, the working state.
Out:  a `Result`; the state has moved accordingly. A refusal moves nothing.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from handlers.requests.facts import StockKey
from handlers.requests.state import WorkingState
from schemas.base import CodeType
from schemas.documents import ReservationDocument, ReservationState
from schemas.errors import ReservationInconsistent
from schemas.records import Asked
from schemas.requests import AssignFromStock, AssignReservation, ReleaseRequest, Request, ReserveRequest
from schemas.results import Outcome, RefusalReason, Result

WHY_NOT_HELD: dict[ReservationState, RefusalReason] = {
    "assigned": "reservation_assigned",
    "released": "reservation_released",
    "expired": "reservation_expired",
}

FROM_STOCK: Final = (ReserveRequest, AssignFromStock)
"""Requests that take codes from the stock, and make a reservation under their own id."""
TTLS_REMEMBERED: Final = 1_024


def decide(asked: Asked[Request], state: WorkingState) -> Result:
    """Decide by the kind of request. `asked.record.at` is when it was asked, which may be long before now.

    Raises:
        ReservationInconsistent: its reservation is known to disagree with its codes, or a document that it needs
            cannot be read. Nothing has moved.
    """
    request, record = asked.request, asked.record
    if request.campaign_id not in state.known_campaigns:
        return refuse(request, "unknown_campaign", state)
    if isinstance(request, FROM_STOCK) and (refusal := why_not_drawable(request, state)) is not None:
        return refuse(request, refusal, state)
    match request:
        case ReserveRequest():
            return decide_reserve(request, state)
        case AssignFromStock():
            return decide_assign_from_stock(request, state)
        case AssignReservation():
            return decide_assign(request, state, asked_at=record.at)
        case ReleaseRequest():
            return decide_release(request, state, asked_at=record.at)


def decide_reserve(request: ReserveRequest, state: WorkingState) -> Result:
    """Hold as many codes as are wanted, or none. The time to live starts now."""
    code_ids = drawn(request, state)
    if code_ids is None:
        return refuse(request, "out_of_stock", state)
    expires_at = end_of_hold(state.now, request.ttl_s)
    reservation = state.open_reservation(request, code_ids, state="held", expires_at=expires_at)
    return accept(request, "reserved", reservation, state)


def why_not_drawable(request: ReserveRequest | AssignFromStock, state: WorkingState) -> RefusalReason | None:
    """What forbids to take codes from the stock, however many there are."""
    if state.has_reservation(request.request_id):
        return "request_id_reused"
    return "campaign_closed" if state.is_closed(StockKey(request.campaign_id, request.code_type)) else None


def drawn(request: ReserveRequest | AssignFromStock, state: WorkingState) -> tuple[str, ...] | None:
    """As many codes as are wanted; None if there are fewer."""
    key = StockKey(request.campaign_id, request.code_type)
    return state.draw(key, request.quantity, request_id=request.request_id)


@lru_cache(maxsize=TTLS_REMEMBERED)
def end_of_hold(now: datetime, ttl_s: int) -> datetime:
    """When a hold that begins now expires: for all holds of a batch that last equally long, the same object.

    A datetime calculates its hash once; whatever remembers by it (`rfc3339`) then costs next to nothing.
    """
    return now + timedelta(seconds=ttl_s)


def decide_assign_from_stock(request: AssignFromStock, state: WorkingState) -> Result:
    """Give as many codes as are wanted for good, or none; the reservation it leaves is `assigned` from the start."""
    code_ids = drawn(request, state)
    if code_ids is None:
        return refuse(request, "out_of_stock", state)
    reservation = state.open_reservation(request, code_ids, state="assigned", expires_at=None)
    return accept(request, "assigned", reservation, state)


def decide_assign(request: AssignReservation, state: WorkingState, *, asked_at: datetime) -> Result:
    """Bind the codes of a held reservation to its fan.

    `asked_at` is the record's own timestamp: whoever asked in time is not punished for the queue.
    """
    reservation = named_reservation(request, state)
    refusal = why_not(reservation, request.fan_id) or why_over(reservation, asked_at)
    if refusal is not None or reservation is None:
        return refuse(request, refusal or "reservation_not_found", state, reservation)
    check_consistent(reservation, state)
    return accept(request, "assigned", state.close_reservation(reservation, "assigned"), state)


def decide_release(request: ReleaseRequest, state: WorkingState, *, asked_at: datetime) -> Result:
    """Put the codes of a held reservation back.

    A holder's release after the time is over is refused as expired, whether or not the expirer has been there:
    the answer must not depend on who was faster. An expiry before the time is over is refused, for good.
    """
    reservation = named_reservation(request, state)
    refusal = why_not(reservation, request.fan_id) or why_not_releasable(reservation, request, asked_at)
    if refusal is not None or reservation is None:
        return refuse(request, refusal or "reservation_not_found", state, reservation)
    check_consistent(reservation, state)
    end: ReservationState = "expired" if request.reason == "expired" else "released"
    return accept(request, "released", state.close_reservation(reservation, end), state)


def named_reservation(request: AssignReservation | ReleaseRequest, state: WorkingState) -> ReservationDocument | None:
    """The reservation that a request would take to its end, if there is one.

    Raises:
        ReservationInconsistent: there is one, and it cannot be read: whatever was answered might be false.
    """
    if state.is_unreadable(request.reservation_id):
        raise ReservationInconsistent(request.reservation_id, state.inconsistent[request.reservation_id])
    return state.reservation(request.reservation_id, request.campaign_id)


def check_consistent(reservation: ReservationDocument, state: WorkingState) -> None:
    """Raises ReservationInconsistent if it would have to move codes that it does not have."""
    if reservation.id in state.inconsistent:
        raise ReservationInconsistent(reservation.id, state.inconsistent[reservation.id])


def why_not(reservation: ReservationDocument | None, fan_id: str | None) -> RefusalReason | None:
    """What forbids to touch a reservation, time aside. A stranger does not learn its state."""
    if reservation is None:
        return "reservation_not_found"
    if fan_id is not None and fan_id != reservation.fan_id:
        return "not_the_holder"
    return WHY_NOT_HELD.get(reservation.state)


def why_over(reservation: ReservationDocument | None, asked_at: datetime) -> RefusalReason | None:
    """Whether the time to live was over when the request was made."""
    return "reservation_expired" if is_over(reservation, asked_at) else None


def why_not_releasable(
    reservation: ReservationDocument | None, request: ReleaseRequest, asked_at: datetime
) -> RefusalReason | None:
    """What the clock forbids: a fan's release too late, the expirer's too early."""
    if request.reason != "expired":
        return why_over(reservation, asked_at)
    too_early = request.by_expirer and not is_over(reservation, asked_at)
    return "invalid_request" if too_early else None


def is_over(reservation: ReservationDocument | None, asked_at: datetime) -> bool:
    """Whether a reservation had expired at an instant; one without an end never does."""
    return reservation is not None and reservation.expires_at is not None and reservation.expires_at <= asked_at


def accept(request: Request, outcome: Outcome, reservation: ReservationDocument, state: WorkingState) -> Result:
    """The result of a move."""
    return Result.trusted(
        request_id=request.request_id,
        operation=request.operation,
        outcome=outcome,
        campaign_id=request.campaign_id,
        fan_id=reservation.fan_id,
        code_type=reservation.code_type,
        quantity=len(reservation.code_ids),
        code_ids=reservation.code_ids,
        reservation_id=reservation.id,
        expires_at=reservation.expires_at if outcome == "reserved" else None,
        reason=None,
        decided_at=state.now,
    )


def refuse(
    request: Request,
    reason: RefusalReason,
    state: WorkingState,
    reservation: ReservationDocument | None = None,
) -> Result:
    """The result of a request that may not happen, with what was asked for and what is known of it."""
    return Result(
        request_id=request.request_id,
        operation=request.operation,
        outcome="refused",
        campaign_id=request.campaign_id,
        fan_id=request.fan_id,
        code_type=refused_code_type(request, reason, reservation),
        quantity=getattr(request, "quantity", None),
        reservation_id=getattr(request, "reservation_id", None),
        reason=reason,
        decided_at=state.now,
    )


def refused_code_type(
    request: Request, reason: RefusalReason, reservation: ReservationDocument | None
) -> CodeType | None:
    """The request's, or its reservation's; a stranger does not learn the latter."""
    if reservation is None or reason == "not_the_holder":
        return getattr(request, "code_type", None)
    return reservation.code_type
