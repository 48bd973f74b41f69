"""Every request of a rehearsal: when it was sent, and whether it is answered.

In:       requests by number, from 0, as they are sent and acknowledged; results as they are read.
Out:      `Tally`s of all, by operation and by interval; how many are not answered yet.
Promise:  12 bytes a request, whether it is answered or not. A result counts once: for the first record of its
          request that has none, so that a repeat has an answer of its own.
"""

from array import array
from dataclasses import dataclass
from typing import Final

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.shape import OPERATIONS
from cli.rehearsal.tally import Tally
from schemas.base import Operation

INTERVAL_S: Final = 10
MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a result says."""

    request_id: str
    outcome: str
    reason: str | None = None


class Journal:
    """One rehearsal."""

    def __init__(self, run_id: str, planned: int, within_s: float) -> None:
        """`within_s` is the objective's time; `run_id` begins all request ids, so no other run has the same."""
        self.run_id = run_id
        self.sent = 0
        self.repeats = 0
        self.unacknowledged = 0
        """Kafka reported an error; the request may have been written nevertheless."""
        self.surplus = 0
        """Results that no request was waiting for."""
        self.total = Tally()
        self.by_operation: dict[Operation, Tally] = {operation: Tally() for operation in OPERATIONS}
        self.by_interval: dict[int, Tally] = {}
        self._within_s = within_s
        self._asked_ms = array("q", [0]) * planned
        """By this machine's clock."""
        self._intervals = array("H", [0]) * planned
        self._operations = bytearray(planned)
        self._is_answered = bytearray(planned)
        self._repeated: dict[int, int] = {}
        """The number of the repeat by that of its original, until it is answered."""

    @property
    def unanswered(self) -> int:
        """Sent, and without an answer so far."""
        return self.sent - self.total.answered

    def request_id(self, number: int) -> str:
        """The id of a request."""
        return f"{self.run_id}.{number}"

    def send(self, arrival: Arrival, now_ms: int, original: int | None = None) -> int:
        """A request is handed to the client; it gets the next number. Of a repeat, `original` is the request's."""
        number, interval = self.sent, int(arrival.at_s // INTERVAL_S)
        self._asked_ms[number] = now_ms
        self._intervals[number] = interval
        self._operations[number] = OPERATIONS.index(arrival.operation)
        if original is not None:
            self._repeated[original] = number
            self.repeats += 1
        self.sent += 1
        for tally in self._tallies(number):
            tally.sent += 1
        return number

    def acknowledge(self, number: int, timestamp_ms: int, now_ms: int) -> None:
        """The broker has the request, under this timestamp of its own clock.

        By ours that was between sending and now, however the two clocks differ.
        """
        self._asked_ms[number] = min(max(timestamp_ms, self._asked_ms[number]), now_ms)

    def answer(self, answer: Answer, now_ms: int) -> int | None:
        """A result is read. Returns the number of its request if this is its first answer."""
        original = self._number_of(answer.request_id)
        if original is None:
            return None
        is_first = not self._is_answered[original]
        number = original if is_first else self._repeated.pop(original, None)
        if number is None:
            self.surplus += 1
            return None
        self._is_answered[number] = True
        seconds = max(now_ms - self._asked_ms[number], 0) / MS
        for tally in self._tallies(number):
            tally.add(seconds, self._within_s, answer.reason)
        return original if is_first else None

    def _number_of(self, request_id: str) -> int | None:
        """None for a request of another sender."""
        run_id, _, number = request_id.rpartition(".")
        if run_id != self.run_id or not number.isdecimal() or int(number) >= self.sent:
            return None
        return int(number)

    def _tallies(self, number: int) -> tuple[Tally, Tally, Tally]:
        interval = self._intervals[number]
        of_interval = self.by_interval.get(interval) or self.by_interval.setdefault(interval, Tally())
        return self.total, self.by_operation[OPERATIONS[self._operations[number]]], of_interval
