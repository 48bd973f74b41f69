"""The records of an import: its progress and end, and the totals it changed.

In:       an import's document, shards, unreadable commands.
Out:      records for `imports.v1`, `inventory.v1` and the dead letters.
Promise:  the same document gives the same records, so that what may have got lost can be published again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from handlers.imports.progress import event_of, failure_of, identity_of
from handlers.shards import inventory_event
from producers.envelope import dead_letter_record, import_record, inventory_record, place, trace
from schemas.documents import ImportDocument, InventoryDocument
from schemas.events import ImportProgressed
from schemas.records import Asked, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import ImportCommand
from schemas.topics import Topics


def progress_records(
    document: ImportDocument, shards: Iterable[InventoryDocument], cause: IncomingRecord, topics: Topics
) -> list[OutgoingRecord]:
    """How far an import is, and the totals of these shards."""
    return [
        traced(import_record(event_of(document), identity_of(document), topics), cause),
        *(traced(inventory_record(inventory_event(shard), topics), cause) for shard in shards),
    ]


def failed_records(asked: Asked[ImportCommand], reason: str, topics: Topics) -> list[OutgoingRecord]:
    """The end of an import that never began."""
    event = failure_of(asked.request, reason, at=asked.record.at)
    return [traced(import_record(event, place(asked.record, topics), topics), asked.record)]


def rejected_records(rejected: Rejected, *, group: str, at: datetime, topics: Topics) -> Sequence[OutgoingRecord]:
    """A dead letter; and the end of an import that never began, where its ids could be read."""
    letter = dead_letter_record(rejected, group=group, at=at, topics=topics)
    if rejected.request_id is None or rejected.campaign_id is None:
        return [letter]
    event = ImportProgressed(
        import_id=rejected.request_id,
        campaign_id=rejected.campaign_id,
        code_type="tm",  # the contract's default, since what it says cannot be read
        state="failed",
        reason="invalid_request",
        at=rejected.record.at,
    )
    return [traced(import_record(event, place(rejected.record, topics), topics), rejected.record), letter]


def traced(record: OutgoingRecord, cause: IncomingRecord) -> OutgoingRecord:
    """The record with the trace of what caused it."""
    return record._replace(headers=(*record.headers, *trace(cause)))
