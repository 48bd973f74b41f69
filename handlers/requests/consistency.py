"""Whether a reservation and its codes agree. Pure.

In:       a reservation, and its codes as they were at the same time.
Out:      what disagrees, in words for a dead letter: the field and the reason, no ids and no values.
Promise:  a reservation and its codes move in one transaction, under the same `moved_by`. So whatever disagrees in one
          snapshot was changed by something else (a deletion by hand, a partial restore), and no waiting mends it.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from handlers.requests.state import STATUS_OF
from schemas.base import CodeStatus
from schemas.documents import ReservationDocument, ReservationState

HOLDING: Final[frozenset[ReservationState]] = frozenset({"held", "assigned"})
"""States in which a reservation has codes; in the others somebody else may have them."""


class Finding(NamedTuple):
    """One thing that `codes reconcile --reservations` names."""

    kind: str
    """`reservation` or `code`."""
    campaign_id: str
    id: str
    reason: str


class CodeState(NamedTuple):
    """A code, as its document has it."""

    status: str
    moved_by: str


def disagreement(reservation: ReservationDocument, codes: Mapping[str, CodeState]) -> str | None:
    """What is wrong with a reservation that has codes; None if nothing is, or it has none any more."""
    if reservation.state not in HOLDING:
        return None
    status = STATUS_OF[reservation.state]
    reasons = (wrong_with(reservation, codes.get(code_id), status) for code_id in reservation.code_ids)
    wrong = [reason for reason in reasons if reason]
    if not wrong:
        return None
    return "code_ids: " + ", ".join(counted(wrong, len(reservation.code_ids)))


def wrong_with(reservation: ReservationDocument, code: CodeState | None, status: CodeStatus) -> str | None:
    """What is wrong with one of its codes."""
    if code is None:
        return "missing"
    if code.status != status:
        return f"{code.status} instead of {status}"
    if code.moved_by != reservation.moved_by:
        return "of another reservation"
    return None


def counted(wrong: Iterable[str], total: int) -> list[str]:
    """Each reason with how many codes it is true of."""
    reasons = list(wrong)
    return [f"{reasons.count(reason)} of {total} {reason}" for reason in sorted(set(reasons))]
