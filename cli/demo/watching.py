"""What the demo's upstream program hears: answers, dead letters, imports, as they come.

In:       the out topics, from their beginning.
Out:      `Heard`, which grows while `listen` runs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cli.demo.asks import Ask
from ops.broker.reading import TopicReader
from ops.broker.records import Fields, fields_of
from schemas.base import EXPIRER_PREFIX
from schemas.topics import DEAD_LETTERS, IMPORTS, RESULTS, Topics

HEARD_TOPICS: Final = (RESULTS, IMPORTS, DEAD_LETTERS)


@dataclass(slots=True)
class Heard:
    """All that came so far."""

    topics: Topics
    answers: Counter[str] = field(default_factory=Counter)
    """Results by request id."""
    reserved: dict[str, Fields] = field(default_factory=dict)
    """Reservations by id, as their results say."""
    expired: set[str] = field(default_factory=set)
    """Reservations that the expirer ended."""
    imports: dict[str, Fields] = field(default_factory=dict)
    """The last event of each import."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Results by the reason of a refusal."""
    dead_letters: int = 0

    async def listen(self, reader: TopicReader) -> None:
        """Read on and on."""
        while True:
            for record in await reader.poll():
                self._take(self.topics.bare(record.topic), fields_of(record.value))

    def answered(self, asks: Iterable[Ask]) -> int:
        """How many of these records have their answer, or their dead letter where there can be no other."""
        wanted = Counter(ask.request_id for ask in asks if ask.request_id is not None)
        silent = sum(ask.request_id is None for ask in asks)
        letters = self.dead_letters - sum(ask.is_malformed and ask.request_id is not None for ask in asks)
        heard = sum(min(count, self.answers[request_id]) for request_id, count in wanted.items())
        return heard + max(0, min(silent, letters))

    def ended_imports(self) -> int:
        """Imports that are over."""
        return sum(event["state"] != "running" for event in self.imports.values())

    def _take(self, topic: str, says: Fields) -> None:
        if topic == DEAD_LETTERS.name:
            self.dead_letters += 1
        elif topic == IMPORTS.name:
            self.imports[says["import_id"]] = says
        else:
            self._take_result(says)

    def _take_result(self, says: Fields) -> None:
        self.answers[says["request_id"]] += 1
        if says["outcome"] == "reserved":
            self.reserved[says["reservation_id"]] = says
        elif says["outcome"] == "refused":
            self.refusals[says["reason"]] += 1
        elif says["outcome"] == "released" and says["request_id"].startswith(EXPIRER_PREFIX):
            self.expired.add(says["reservation_id"])
