"""Collects what the demo's upstream program receives: results, dead letters, events of imports.

In:       the out topics, from their beginning.
Out:      `Received`, which is updated while `listen` runs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cli.demo.requests import RequestRecord
from ops.broker.reading import TopicReader
from ops.broker.records import Fields, fields_of
from schemas.base import EXPIRER_PREFIX
from schemas.topics import DEAD_LETTERS, IMPORTS, RESULTS, Topics

WATCHED_TOPICS: Final = (RESULTS, IMPORTS, DEAD_LETTERS)


@dataclass(slots=True)
class Received:
    topics: Topics
    answers: Counter[str] = field(default_factory=Counter)
    """Results by request id."""
    reserved: dict[str, Fields] = field(default_factory=dict)
    """Results of reserves by reservation id."""
    expired: set[str] = field(default_factory=set)
    """Ids of reservations that the expirer released."""
    imports: dict[str, Fields] = field(default_factory=dict)
    """The last event of each import."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Refused results by reason."""
    dead_letters: int = 0

    async def listen(self, reader: TopicReader) -> None:
        while True:
            for record in await reader.poll():
                self._take(self.topics.bare(record.topic), fields_of(record.value))

    def answered(self, records: Iterable[RequestRecord]) -> int:
        """How many of these records have a result, or a dead letter if they cannot have a result."""
        wanted = Counter(record.request_id for record in records if record.request_id is not None)
        silent = sum(record.request_id is None for record in records)
        letters = self.dead_letters - sum(record.is_malformed and record.request_id is not None for record in records)
        results = sum(min(count, self.answers[request_id]) for request_id, count in wanted.items())
        return results + max(0, min(silent, letters))

    def ended_imports(self) -> int:
        return sum(event["state"] != "running" for event in self.imports.values())

    def _take(self, topic: str, fields: Fields) -> None:
        if topic == DEAD_LETTERS.name:
            self.dead_letters += 1
        elif topic == IMPORTS.name:
            self.imports[fields["import_id"]] = fields
        else:
            self._take_result(fields)

    def _take_result(self, fields: Fields) -> None:
        self.answers[fields["request_id"]] += 1
        if fields["outcome"] == "reserved":
            self.reserved[fields["reservation_id"]] = fields
        elif fields["outcome"] == "refused":
            self.refusals[fields["reason"]] += 1
        elif fields["outcome"] == "released" and fields["request_id"].startswith(EXPIRER_PREFIX):
            self.expired.add(fields["reservation_id"])
