"""What must come of generated records: which results, which dead letters.

Out: `Expected`, filled while records are sent and compared with what came out.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from consumers.decode import decode_request, is_text
from producers.envelope import OWN_HEADERS
from schemas.records import Asked, Headers
from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.fakes.builders import SIZES
from tests.fakes.fuzz_records import Fuzzed
from tests.integration.requesting import headers_of, reserve

BETWEEN: Final = "between"
"""The kind of the good requests between the generated records."""
OUTCOMES: Final = {
    RESERVE.name: ("reserved", None),
    ASSIGN.name: ("assigned", None),
    RELEASE.name: ("refused", "reservation_not_found"),
}
"""What a good request comes to, by its topic."""

Place = tuple[str, int, int]
"""Topic without the prefix, partition, offset."""


class Letter(NamedTuple):
    """A dead letter, as far as the record that it is of decides it."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    """Those of the record."""


def a_good_request(topic: str, request_id: str) -> Fuzzed:
    """One that comes to what `OUTCOMES` says."""
    more = {"reservation_id": "none"} if topic == RELEASE.name else {}
    return Fuzzed(BETWEEN, is_bad=False, topic=topic, value=orjson.dumps(reserve(request_id, **more)))


@dataclass
class Expected:
    """All that must come out, exactly once each."""

    letters: dict[Place, Letter] = field(default_factory=dict)
    results: Counter[str] = field(default_factory=Counter)
    """How many, by request id: mutated requests may share one."""
    good: dict[str, str] = field(default_factory=dict)
    """The topics of the good requests, by request id."""
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, sent: Fuzzed, partition: int, offset: int) -> None:
        """A record that was sent. Whether it is a request, decode says: its own test says that decode is right."""
        self.kinds[sent.kind] += 1
        found = decode_request(sent.incoming(offset, partition), sent.topic, SIZES)
        if not isinstance(found, Asked):
            self.letters[sent.topic, partition, offset] = Letter(sent.key, sent.value, kept(sent.headers))
            self.results.update([found.request_id] if found.request_id is not None else [])
            return
        assert not sent.is_bad, sent
        self.results[found.request.request_id] += 1
        if sent.kind == BETWEEN:
            self.good[found.request.request_id] = sent.topic

    def add_broken(self, kind: str, place: Place, batch: bytes) -> None:
        """A batch that cannot be read; `place` is of its first record."""
        self.kinds[kind] += 1
        self.letters[place] = Letter(None, batch)

    def check_letters(self, records: list[Any], prefix: str) -> None:
        """Each once, with the original bytes."""
        places = [place_of(record, prefix) for record in records]
        assert sorted(self.letters) == sorted(places)
        for place, record in zip(places, records, strict=True):
            found = Letter(record.key, record.value, kept(tuple(record.headers)))
            assert self.letters[place] == found, place

    def check_results(self, values: list[dict[str, Any]]) -> None:
        """Each once; those of the good requests are right."""
        assert self.results == Counter(value["request_id"] for value in values)
        outcomes = {value["request_id"]: (value["outcome"], value["reason"]) for value in values}
        assert {name: OUTCOMES[topic] for name, topic in self.good.items()} == {
            name: outcomes[name] for name in self.good
        }


def kept(headers: Headers) -> Headers:
    """What a dead letter keeps of a record's headers, and a reader of it finds beside ours."""
    return tuple(
        (name, value)
        for name, value in headers
        if not name.startswith(OWN_HEADERS)
        if not name.startswith(OWN_HEADERS) and is_text(name) and not any("\ud800" <= c <= "\udfff" for c in name)
    )


def place_of(record: Any, prefix: str) -> Place:
    """Where the record of a dead letter was."""
    said = headers_of(record)
    topic = said["dlq-topic"].decode().removeprefix(prefix)
    return topic, int(said["dlq-partition"]), int(said["dlq-offset"])
