"""What a batch of the limit writes and sends, prepared before its clock goes on.

In:       a load.
Out:      for each input partition, in the order of its records: encoded documents and encoded output records.
Promise:  the documents and records have the form and the size of the service's.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import bson
import orjson
from bson.raw_bson import RawBSONDocument

from benchmarks.load import Kind, Load, Record, codes_taken, records
from benchmarks.reference.documents import CODE_TYPE, LATER, Document, code_id, entry, reservation
from schemas.base import rfc3339
from schemas.topics import ASSIGNED, RESULTS

OUTCOMES: Final = {Kind.RESERVE: "reserved", Kind.ASSIGN: "assigned", Kind.RELEASE: "released"}


class Output(NamedTuple):
    """One record to send."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Ready(NamedTuple):
    """What one request writes and sends."""

    code_id: str
    reservation_id: str
    entry: RawBSONDocument | None
    """None for a repeat, which writes nothing."""
    reservation: RawBSONDocument | None
    """Of a reserve."""
    outputs: Sequence[Output]


Partition = tuple[str, int]


def ready_of(load: Load, free: Sequence[str]) -> Mapping[Partition, Sequence[Ready]]:
    """All items of a load; `free` has the codes of its reserves, in draw order.

    Each partition takes a slice of them, as the service's stock does.
    """
    asked: dict[Partition, list[Record]] = defaultdict(list)
    for record in records(load):
        asked[record.topic, record.partition].append(record)
    rest, at = iter(free[: codes_taken(load)]), datetime.now(UTC)
    found = {}
    for place, group in asked.items():
        takes = {record.request_id: next(rest) for record in group if takes_a_code(record)}
        found[place] = [ready(record, takes.get(record.request_id), at) for record in group]
    return found


def takes_a_code(record: Record) -> bool:
    """A reserve takes a code; a repeat has that of its original."""
    return record.kind is Kind.RESERVE and not record.is_repeat


def ready(record: Record, taken: str | None, at: datetime) -> Ready:
    """One request's item."""
    identity = taken or code_id(record.campaign_id, record.reservation_id)
    source = f"{record.topic}.{record.partition}@0"
    result = result_of(record, identity, at)
    opened = None
    if takes_a_code(record):
        opened = raw(reservation(record.reservation_id, record.campaign_id, record.fan_id, identity, source, at))
    return Ready(
        code_id=identity,
        reservation_id=record.reservation_id,
        entry=None if record.is_repeat else raw(entry(result, source, at)),
        reservation=opened,
        outputs=outputs_of(record, result, identity, at),
    )


def raw(document: Document) -> RawBSONDocument:
    """A document as bytes, which the driver sends as they are."""
    return RawBSONDocument(bson.encode(document))


def result_of(record: Record, identity: str, at: datetime) -> Document:
    """The result of a request."""
    return {
        "request_id": record.request_id,
        "operation": str(record.kind),
        "outcome": OUTCOMES[record.kind],
        "campaign_id": record.campaign_id,
        "fan_id": record.fan_id,
        "code_type": CODE_TYPE,
        "quantity": 1,
        "code_ids": [identity],
        "reservation_id": record.reservation_id,
        "expires_at": at + LATER if record.kind is Kind.RESERVE else None,
        "reason": None,
        "decided_at": at,
    }


def outputs_of(record: Record, result: Document, identity: str, at: datetime) -> list[Output]:
    """The result, and the assigned event of an assign."""
    key = record.fan_id.encode()
    outputs = [Output(RESULTS.name, key, as_json(result), headers("result", record.request_id, at))]
    if record.kind is Kind.ASSIGN:
        names = ("campaign_id", "fan_id", "code_type", "request_id", "reservation_id")
        event = {name: result[name] for name in names}
        event |= {"code_id": identity, "code": record.reservation_id, "assigned_at": at}
        outputs.append(Output(ASSIGNED.name, key, as_json(event), headers("assigned", identity, at)))
    return outputs


def as_json(content: Mapping[str, Any]) -> bytes:
    """Instants as on the wire."""
    return orjson.dumps(content, default=rfc3339, option=orjson.OPT_PASSTHROUGH_DATETIME)


def headers(kind: str, subject: str, at: datetime) -> list[tuple[str, bytes]]:
    """CloudEvents headers."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid5(NAMESPACE_URL, f"{kind}:{subject}")).encode()),
        ("ce_source", b"/code-service"),
        ("ce_type", f"codes.{kind}.v1".encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", rfc3339(at).encode()),
        ("content-type", b"application/json"),
        ("ce_correlationid", subject.encode()),
    ]
