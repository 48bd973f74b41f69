"""A model as a record: CloudEvents 1.0 in Kafka's binary mode, one function a kind of record.

In:       a model of `schemas`, and the record that caused it.
Out:      `OutgoingRecord`.
Promise:  the same input gives the same `ce_id`, so a reader can recognize a repetition. Source of the ids: UUIDv5.
"""

import re
from datetime import datetime
from hashlib import sha1
from typing import Final, NamedTuple
from uuid import UUID

from schemas.base import rfc3339
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.records import AUTHORIZATION, Asked, Headers, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import Request
from schemas.results import Result
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORTS, INVENTORY, RESULTS, STOCK_ALERTS, Topics

NAMESPACE: Final = UUID("6f0b6e0c-6a3e-5b0f-9a57-3f1f6b1c2d77")
"""Of all our event ids."""
SPEC_VERSION: Final = ("ce_specversion", b"1.0")
SOURCE: Final = "/code-service"
OF_SOURCE: Final = ("ce_source", SOURCE.encode())
ALERT_KIND: Final = "stock-alert"
TRACE_HEADER: Final = "traceparent"
TRACE_BYTES_MAX: Final = 256
"""A `traceparent` has 55; a longer one, of a record that is refused for it, must not make the answer too large."""
TRACE: Final = re.compile(rb"[!-~]{1,%d}" % TRACE_BYTES_MAX)
"""Printable, and no blank: what reads headers line by line must not be led astray."""
ANSWER_KEY_BYTES_MAX: Final = 65_536
ORIGINAL_BYTES_MAX: Final = 4 * 1024 * 1024
"""A record is at most a mebibyte on the broker, but may be compressed there; beyond this no topic would take it."""
OWN_HEADERS: Final = ("ce_", "dlq-", "content-type")
"""What a dead letter does not keep of the record's headers, because it has its own."""


class About(NamedTuple):
    """The metadata of a record's content."""

    kind: str
    """`ce_type` is `codes.<kind>.v1`."""
    identity: str
    """What makes it this event and no other; `ce_id` is derived from it."""
    subject: str
    at: datetime
    content_type: str = "application/json"


def envelope(about: About) -> Headers:
    """The CloudEvents headers."""
    return (
        SPEC_VERSION,
        ("ce_id", event_id(about.kind, about.identity).encode()),
        OF_SOURCE,
        ("ce_type", f"codes.{about.kind}.v1".encode()),
        ("ce_subject", about.subject.encode()),
        ("ce_time", rfc3339(about.at).encode()),
        ("content-type", about.content_type.encode()),
    )


def event_id(kind: str, identity: str) -> str:
    """The `ce_id` of an event: the text of `uuid.uuid5`, in a third of its time."""
    digest = bytearray(sha1(NAMESPACE.bytes + f"{kind}:{identity}".encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50  # version 5
    digest[8] = digest[8] & 0x3F | 0x80  # the variant of RFC 9562
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def result_record(result: Result, asked: Asked[Request], topics: Topics) -> OutgoingRecord:
    """The answer to a readable request. Its id is that of the request's id and content."""
    about = About("result", f"{result.request_id}:{asked.digest}", result.request_id, result.decided_at)
    return answer_record(result, about, asked.record, topics)


def invalid_result_record(rejected: Rejected, topics: Topics) -> OutgoingRecord | None:
    """The answer to an unreadable record, where its request id could be read. Its id is that of the record."""
    if rejected.request_id is None or rejected.operation is None:
        return None
    record = rejected.record
    result = Result(
        request_id=rejected.request_id,
        operation=rejected.operation,
        outcome="refused",
        campaign_id=rejected.campaign_id,
        fan_id=rejected.fan_id,
        reason="invalid_request",
        decided_at=record.at,
    )
    about = About("result", place(record, topics), rejected.request_id, result.decided_at)
    return answer_record(result, about, record, topics)


def answer_record(result: Result, about: About, cause: IncomingRecord, topics: Topics) -> OutgoingRecord:
    """A result under the request record's key, unless that is longer than any topic should carry."""
    key = cause.key if cause.key is None or len(cause.key) <= ANSWER_KEY_BYTES_MAX else None
    headers = (*envelope(about), ("ce_correlationid", result.request_id.encode()), *trace(cause))
    return OutgoingRecord(topics.full(RESULTS), key, result.to_json(), headers)


def assigned_record(event: CodeAssigned, cause: IncomingRecord, topics: Topics) -> OutgoingRecord:
    """One code is a fan's."""
    about = About("assigned", f"{event.request_id}:{event.code_id}", event.code_id, event.assigned_at)
    headers = (*envelope(about), ("ce_correlationid", event.request_id.encode()), *trace(cause))
    return OutgoingRecord(topics.full(ASSIGNED), event.fan_id.encode(), event.to_json(), headers)


def inventory_record(event: InventoryChanged, topics: Topics) -> OutgoingRecord:
    """One shard's totals."""
    identity = f"{event.campaign_id}:{event.code_type}:{event.shard}@{event.version}"
    return campaign_record(
        INVENTORY.name, About("inventory", identity, event.campaign_id, event.changed_at), event, topics
    )


def import_record(event: ImportProgressed, identity: str, topics: Topics) -> OutgoingRecord:
    """How far an import is. `identity` distinguishes its states."""
    return campaign_record(IMPORTS.name, About("import", identity, event.import_id, event.at), event, topics)


def alert_id(identity: str) -> str:
    """The `ce_id` of an alert."""
    return event_id(ALERT_KIND, identity)


def alert_record(alert: StockAlert, identity: str, topics: Topics) -> OutgoingRecord:
    """A stock crossed a line. `identity` distinguishes crossings."""
    return campaign_record(STOCK_ALERTS.name, About(ALERT_KIND, identity, alert.campaign_id, alert.at), alert, topics)


def campaign_record(
    name: str, about: About, event: InventoryChanged | ImportProgressed | StockAlert, topics: Topics
) -> OutgoingRecord:
    """An event under its campaign's key."""
    return OutgoingRecord(topics.prefix + name, event.campaign_id.encode(), event.to_json(), envelope(about))


def dead_letter_record(rejected: Rejected, *, group: str, at: datetime, topics: Topics) -> OutgoingRecord:
    """The original bytes, with why they could not be served. `at` is when that was found.

    What is too large for the topic stays where it was: the letter then names only that place.
    """
    record = rejected.record
    about = About(
        "dead-letter", place(record, topics), topics.bare(record.topic), record.at, "application/octet-stream"
    )
    dlq_headers = {
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.first_offset),
        "dlq-timestamp": rfc3339(record.at),
        "dlq-reason": rejected.reason,
        "dlq-detail": rejected.detail,
        "dlq-group": group,
        "dlq-at": rfc3339(at),
    }
    headers = (*envelope(about), *((name, text.encode()) for name, text in dlq_headers.items()))
    if bytes_of(record) > ORIGINAL_BYTES_MAX:
        return OutgoingRecord(topics.full(DEAD_LETTERS), None, None, headers)
    return OutgoingRecord(topics.full(DEAD_LETTERS), record.key, record.value, (*kept(record), *headers))


def bytes_of(record: IncomingRecord) -> int:
    """The size of a record's content."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def kept(record: IncomingRecord) -> Headers:
    """The record's own headers, except a token, what a dead letter has of its own, and names that are no text."""
    return tuple(
        (name, value)
        for name, value in record.headers
        if not name.startswith(OWN_HEADERS)
        and name.lower() != AUTHORIZATION
        and name == name.encode(errors="ignore").decode()
    )


def trace(cause: IncomingRecord) -> Headers:
    """The sender's `traceparent`, if it sent one that can be one."""
    found = cause.header(TRACE_HEADER)
    return ((TRACE_HEADER, found),) if found and TRACE.fullmatch(found) else ()


def place(record: IncomingRecord, topics: Topics) -> str:
    """`<topic>.<partition>@<offset>`, without the prefix."""
    return f"{topics.bare(record.topic)}.{record.partition}@{record.offset}"
