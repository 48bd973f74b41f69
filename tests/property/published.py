"""What a `read_committed` reader sees of the service, checked against what was asked and what the database holds.

In:       the transactions since the last check.
Out:      an AssertionError for the first record that is missing, repeated or wrong.
"""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from schemas.base import CodeStatus
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.topics import ASSIGNED, DEAD_LETTERS, INVENTORY, RESULTS
from tests.fakes.builders import TOPICS, body, header
from tests.fakes.kafka import Emission, MemoryKafka, Source
from tests.fakes.memory_store import IMPORT_SHARD, MemoryDatabase
from tests.property.model import Model

SECRET: Final = "SECRET"
"""Every code value begins with it."""
GARBAGE: Final = (
    None,
    b"",
    b"not json",
    b"\xff\xfe{",
    b"[]",
    b"{}",
    b'{"request_id": "r-0", "campaign_id": "c-0", "fan_id": "f-0", "quantity": 0, "reservation_id": 7}',
)


class Published:
    """Reads every transaction once, and remembers what it saw."""

    def __init__(self, kafka: MemoryKafka, database: MemoryDatabase) -> None:
        self._kafka = kafka
        self._database = database
        self._emissions_read = 0
        self._results: dict[bytes, bytes] = {}
        self._assigned: Counter[str] = Counter()

    def check(self, model: Model) -> None:
        """Each new record is allowed; each assigned code is announced exactly once."""
        for emission in self._kafka.emissions[self._emissions_read :]:
            self._check_results(emission)
            check_dead_letters(emission)
            self._check_assigned_events(emission, model)
        self._emissions_read = len(self._kafka.emissions)
        self._check_assigned_once()

    def check_complete(self) -> None:
        """With all records served, a reader who adds up the events knows what the database knows."""
        codes, inventory = self._database.codes.values(), self._database.inventory.values()
        assert {code.id for code in codes if code.status == CodeStatus.ASSIGNED} == self._assigned.keys()
        shards = {shard.id: shard for shard in inventory if shard.shard != IMPORT_SHARD}
        events = [body(record) for emission in self._kafka.emissions for record in of_topic(emission, INVENTORY.name)]
        assert {shard_id: shard.version for shard_id, shard in shards.items()} == highest_versions(events)
        for event in events:
            shard = shards[shard_id_of(event)]
            if event["version"] == shard.version:
                expected = (shard.available, shard.reserved, shard.assigned)
                assert expected == (event["available"], event["reserved"], event["assigned"])

    def _check_results(self, emission: Emission) -> None:
        """One result for each record that has a request id, in order, equal to any earlier copy byte by byte."""
        results = of_topic(emission, RESULTS.name)
        answerable = [record for record in emission.consumed if request_id_of(record) is not None]
        assert [request_id_of(record) for record in answerable] == [body(result)["request_id"] for result in results]
        for record, result in zip(answerable, results, strict=True):
            event_id, value = header(result, "ce_id"), result.value
            assert event_id is not None
            assert value is not None
            assert SECRET.encode() not in value
            assert record.key == result.key
            assert self._results.setdefault(event_id, value) == value

    def _check_assigned_events(self, emission: Emission, model: Model) -> None:
        """Each one names the code's holder and the code's value."""
        for record in of_topic(emission, ASSIGNED.name):
            event = body(record)
            hold = model.holds.get(event["reservation_id"])
            assert hold is not None
            assert event["code_id"] in hold.codes
            assert hold.fan == event["fan_id"]
            assert self._database.codes[event["code_id"]].code == event["code"]
            self._assigned[event["code_id"]] += 1

    def _check_assigned_once(self) -> None:
        """As soon as the request's record is committed, and never again."""
        assert not [code_id for code_id, count in self._assigned.items() if count > 1]
        for entry in self._database.requests.values():
            if entry.outcome.outcome == "assigned" and self._is_committed(entry.source):
                assert set(entry.outcome.code_ids) <= self._assigned.keys()

    def _is_committed(self, source: str) -> bool:
        shard, _, offset = source.partition("@")
        topic, _, partition = shard.rpartition(".")
        return self._kafka.is_committed(Source(topic, int(partition)), int(offset))


def check_dead_letters(emission: Emission) -> None:
    """One for each record that cannot be decoded, with its own bytes."""
    unreadable = [record.value for record in emission.consumed if record.value in GARBAGE]
    assert unreadable == [letter.value for letter in of_topic(emission, DEAD_LETTERS.name)]


def request_id_of(record: IncomingRecord) -> str | None:
    """The request id that a record's sender is answered under."""
    with suppress(ValueError):
        fields = json.loads(record.value or b"")
        return fields.get("request_id") if isinstance(fields, dict) else None
    return None


def of_topic(emission: Emission, name: str) -> list[OutgoingRecord]:
    """The records of one topic."""
    return [record for record in emission.records if TOPICS.bare(record.topic) == name]


def shard_id_of(event: dict[str, Any]) -> str:
    """The `_id` of an inventory event's shard."""
    return f"{event['campaign_id']}:{event['code_type']}:{event['shard']}"


def highest_versions(events: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The highest version of each shard that a reader has seen."""
    versions: dict[str, int] = {}
    for event in events:
        shard_id = shard_id_of(event)
        versions[shard_id] = max(versions.get(shard_id, 0), event["version"])
    return versions
