"""A history as an audit reads it, produced by the real partition code on a database and a broker in memory.

Out:      `a_history`: an import and every kind of request, all served; functions that falsify it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from pydantic import BaseModel

from audit.history import CodeRow, Database, History
from consumers.worker.batch import RequestPartition
from handlers.shards import inventory_event
from producers.envelope import import_record, inventory_record
from schemas.events import ImportProgressed
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.requests import ImportCommand
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE
from tests.fakes.builders import (
    CAMPAIGN,
    NOW,
    TM,
    TOPICS,
    a_release,
    a_reserve,
    an_assign,
    an_assign_from_stock,
    an_expiry,
    candidates,
    milliseconds,
)
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.memory_store import MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.serving import a_context

CODES: Final = 12
IMPORT_DOCUMENT: Final = {
    "_id": "i-1",
    "rows_read": CODES + 3,
    "inserted": CODES,
    "duplicates_in_file": 2,
    "duplicates_in_campaign": 0,
    "rejected": 1,
}
"""The fields that the audit reads."""
RESERVES: Final = Source(RESERVE.name, 0)
ASSIGNS: Final = Source(ASSIGN.name, 0)
RELEASES: Final = Source(RELEASE.name, 0)
IMPORTS: Final = Source(IMPORT.name, 0)
LATER: Final = NOW + timedelta(days=365 * 100)
"""After every reservation's end: the partition code asks the real clock."""


def a_history() -> History:
    """Reserves (one too large, one repeated, one of garbage), assigns, releases, an expiry; and their import."""
    database, kafka = MemoryDatabase(), MemoryKafka()
    database.add_codes(TM, candidates(CODES), NOW)
    sent: Mapping[Source, Sequence[tuple[bytes | None, datetime]]] = {
        RESERVES: [
            (a_reserve(quantity=2).to_json(), NOW),
            (a_reserve(request_id="r-2", fan_id="fan-2").to_json(), NOW),
            (a_reserve(request_id="r-3", fan_id="fan-3").to_json(), NOW),
            (a_reserve(request_id="r-4", fan_id="fan-4", quantity=100).to_json(), NOW),
            (a_reserve(quantity=2).to_json(), NOW),
            (b"not json", NOW),
            (b'{"request_id": "r-5", "quantity": 0}', NOW),
            (a_reserve(request_id="r-6").to_json(), NOW),
        ],
        ASSIGNS: [
            (an_assign().to_json(), NOW),
            (an_assign_from_stock().to_json(), NOW),
            (an_assign(request_id="a-2", fan_id="stranger", reservation_id="r-2").to_json(), NOW),
        ],
        RELEASES: [(a_release(reservation_id="r-2").to_json(), NOW), (an_expiry("r-3").to_json(), LATER)],
    }
    for source, values in sent.items():
        for value, at in values:
            kafka.send(source, value, at, key=b"key")
        serve(database, kafka, source)
    kafka.send(IMPORTS, ImportCommand(request_id="i-1", campaign_id=CAMPAIGN, bucket="abc", key="k").to_json(), NOW)
    kafka.commit(IMPORTS, import_outputs(database), 1)
    return history_of(database, kafka)


def serve(database: MemoryDatabase, kafka: MemoryKafka, source: Source) -> None:
    """Serve all that waits in a source with the real code."""
    store = MemoryCodeStore(database, source.shard, publishes_code_values=source == ASSIGNS)
    work = RequestPartition(source.shard, source.topic, store, a_context(ObservedFacts()))
    asyncio.run(work.serve(kafka.pending(source), kafka.open_emitter(source), asyncio.Event()))


def import_outputs(database: MemoryDatabase) -> list[OutgoingRecord]:
    """The importer's events: the shard, and the end."""
    end = ImportProgressed(
        import_id="i-1",
        campaign_id=CAMPAIGN,
        code_type="tm",
        state="completed",
        rows_read=CODES + 3,
        inserted=CODES,
        duplicates=2,
        duplicates_in_file=2,
        rejected=1,
        at=NOW,
    )
    shards = [shard for shard in database.inventory.values() if shard.cause == "import"]
    inventory = [inventory_record(inventory_event(shard), TOPICS) for shard in shards]
    return [*inventory, import_record(end, "i-1:completed", TOPICS)]


def history_of(database: MemoryDatabase, kafka: MemoryKafka) -> History:
    """The history that an audit would read."""
    records: dict[str, list[IncomingRecord]] = {}
    for source, log in kafka.logs.items():
        records.setdefault(source.topic, []).extend(log)
    for emission in kafka.emissions:
        for record in emission.records:
            found = records.setdefault(TOPICS.bare(record.topic), [])
            found.append(as_read(record, len(found)))
    return History(records=records, database=database_of(database))


def as_read(record: OutgoingRecord, offset: int) -> IncomingRecord:
    """A record that was sent, as it comes back."""
    return IncomingRecord(record.topic, 0, offset, milliseconds(NOW), record.key, record.value, record.headers)


def database_of(database: MemoryDatabase) -> Database:
    """The collections as MongoDB would have them."""
    return Database(
        codes=[
            CodeRow(code.id, code.campaign_id, code.code, code.code_type, code.status, code.imported_by)
            for code in database.codes.values()
        ],
        reservations=dumped(database.reservations),
        requests=dumped(database.requests),
        inventory=dumped(database.inventory),
        imports=[IMPORT_DOCUMENT],
    )


def dumped(documents: Mapping[str, BaseModel]) -> list[dict[str, Any]]:
    """Documents as MongoDB returns them."""
    return [document.model_dump(by_alias=True) for document in documents.values()]


def with_records(
    history: History, topic: str, change: Callable[[list[IncomingRecord]], list[IncomingRecord]]
) -> History:
    """The history with changed records of one topic."""
    return replace(history, records={**history.records, topic: change(list(history.records[topic]))})


def saying(record: IncomingRecord, **changes: object) -> IncomingRecord:
    """A record with changed fields."""
    fields: dict[str, Any] = orjson.loads(record.value or b"{}")
    return replace(record, value=orjson.dumps({**fields, **changes}))


def with_ce_id(record: IncomingRecord, ce_id: str) -> IncomingRecord:
    """A record with another id."""
    headers = tuple((name, ce_id.encode() if name == "ce_id" else value) for name, value in record.headers)
    return replace(record, headers=headers)
