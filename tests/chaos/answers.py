"""What the storm's clients learn while it goes on: answers, reservations to follow up, records without an answer.

In:       every record that the reader reads.
Out:      what is unanswered, and reservations that a client may assign or release next.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import orjson

from tests.checking.history import Logged

HELD_MAX: Final = 2_000
"""Reservations that are remembered for later requests."""
DUE_MAX: Final = 500
SHORT: Final = "short-"
"""Begins the ids of reserves with a short life."""

Fields = dict[str, Any]


@dataclass(slots=True)
class Answers:
    """Lives as long as a storm."""

    open: Counter[str] = field(default_factory=Counter)
    """Records sent minus results, by request id; without zeros."""
    silent_sent: int = 0
    """Records sent that can only become dead letters."""
    dead_letters: int = 0
    held: list[Fields] = field(default_factory=list)
    due: deque[Fields] = field(default_factory=deque)
    """Reservations with a short life, the oldest first."""
    results: int = 0
    imports_open: set[str] = field(default_factory=set)

    def sent(self, request_id: str | None) -> None:
        """A record was handed over."""
        if request_id is None:
            self.silent_sent += 1
        else:
            self._move(request_id, 1)

    def take(self, record: Logged) -> None:
        """A record was read."""
        if record.topic == "results.v1" and record.value is not None:
            self._take_result(orjson.loads(record.value))
        elif record.topic == "dead-letters.v1":
            self.dead_letters += 1
        elif record.topic == "imports.v1" and record.value is not None:
            event = orjson.loads(record.value)
            if event["state"] != "running":
                self.imports_open.discard(event["import_id"])

    @property
    def unanswered(self) -> int:
        """Records without a result, about: a record that was sent twice after an error may count twice."""
        return sum(count for count in self.open.values() if count > 0)

    def some_held(self, chance: Random) -> Fields | None:
        """A reservation, which is then forgotten."""
        if not self.held:
            return None
        index = chance.randrange(len(self.held))
        self.held[index], self.held[-1] = self.held[-1], self.held[index]
        return self.held.pop()

    def _take_result(self, result: Fields) -> None:
        self.results += 1
        if not result["request_id"].startswith("expire:"):
            self._move(result["request_id"], -1)
        if result["outcome"] != "reserved":
            return
        if result["request_id"].startswith(SHORT):
            self.due.append(result)
            if len(self.due) > DUE_MAX:
                self.due.popleft()
        elif len(self.held) < HELD_MAX:
            self.held.append(result)

    def _move(self, request_id: str, by: int) -> None:
        self.open[request_id] += by
        if not self.open[request_id]:
            del self.open[request_id]
