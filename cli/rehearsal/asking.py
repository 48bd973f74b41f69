"""What a rehearsal asks for: each arrival as a request.

In:       arrivals, in their order; which reservations are held.
Out:      the request to send; None if nothing is held that it could assign or release.
Promise:  pure apart from its own memory, which does not grow.

Every request has a fan of its own, or the fan of its reservation; the fan is the record's key. Some requests are the
one before them of the same operation, sent again: `repeat_every` says which.
"""

from collections import Counter
from typing import Final, NamedTuple

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.holds import HOLD_S, Holds
from cli.rehearsal.journal import Journal
from schemas.base import Operation
from schemas.requests import AssignReservation, ReleaseRequest, Request, ReserveRequest

ALL_PERCENT: Final = 100
REPEAT_PERCENT_MAX: Final = 50
"""Each original may have one repeat."""


class Asked(NamedTuple):
    """A request that is to be sent."""

    number: int
    request: Request


class Asking:
    """One rehearsal's requests."""

    def __init__(self, journal: Journal, holds: Holds, campaign_id: str, repeat_percent: float) -> None:
        self.left_out: Counter[Operation] = Counter()
        self._journal = journal
        self._holds = holds
        self._campaign_id = campaign_id
        self._repeat_every = round(ALL_PERCENT / repeat_percent) if repeat_percent > 0 else 0
        self._arrived: Counter[Operation] = Counter()
        self._last: dict[Operation, Asked] = {}
        """What a repeat of each operation would be."""

    def ask(self, arrival: Arrival, now_s: float) -> Asked | None:
        """The request of an arrival; it is in the journal then."""
        operation, now_ms = arrival.operation, int(now_s * 1000)
        self._arrived[operation] += 1
        last = self._last.pop(operation, None)
        if last is not None and self._repeat_every and self._arrived[operation] % self._repeat_every == 0:
            return Asked(self._journal.send(arrival, now_ms, last.number), last.request)
        held = None if operation == "reserve" else self._holds.take(now_s)
        if operation != "reserve" and held is None:
            self.left_out[operation] += 1
            return None
        number = self._journal.send(arrival, now_ms)
        request = self._request(operation, number, number if held is None else held)
        asked = self._last[operation] = Asked(number, request)
        return asked

    def _request(self, operation: Operation, number: int, reserve: int) -> Request:
        """`reserve` is the number of the reserve that made, or makes, the reservation."""
        ids = {
            "request_id": self._journal.request_id(number),
            "campaign_id": self._campaign_id,
            "fan_id": f"{self._journal.run_id}.fan-{reserve}",
        }
        if operation == "reserve":
            return ReserveRequest.model_validate({**ids, "ttl_s": HOLD_S})
        kind = AssignReservation if operation == "assign" else ReleaseRequest
        return kind.model_validate({**ids, "reservation_id": self._journal.request_id(reserve)})
