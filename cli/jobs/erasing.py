"""A fan's data: exported as one object, and erased.

In:       a fan's id; who asks; the key of the audit records.
Out:      the export; the counts of an erasure, before and after it.
Promise:  an export has a code's value only if it is wanted, and only of codes that are assigned to this fan. An
          erasure writes its audit record first, so that a killed one leaves it.
"""

import hmac
from collections.abc import Iterable
from dataclasses import asdict
from secrets import token_hex
from typing import Any, Final

from handlers.histories import Moves
from schemas.base import rfc3339
from schemas.clock import utc_now
from schemas.documents import AuditRecordDocument, LedgerDocument, ReservationDocument
from stores.mongo.audit_records import AuditRecords
from stores.mongo.collections import Collections, find_by_id
from stores.mongo.erasure import FIELDS, Erasure, new_fan_id
from stores.mongo.errors import idempotent
from stores.mongo.histories import Histories

ACTION: Final = "erase_fan"
EACH: Final = "each"
"""Each document gets another random id."""
EXPORTED_MAX: Final = 1_000_000
"""Documents of one kind."""
IDS_AT_ONCE: Final = 1_000
CODE_FIELDS: Final = ("campaign_id", "code_type", "status", "changed_at")

Account = dict[str, Any]


async def export(collections: Collections, fan_id: str, *, with_values: bool) -> Account | None:
    """All that the database has about a fan; None if it has nothing."""
    moves = await Histories(collections, found_max=EXPORTED_MAX).of_fan(fan_id)
    if not moves.reservations and not moves.entries:
        return None
    return {
        "fan_id": fan_id,
        "exported_at": rfc3339(utc_now()),
        "reservations": [reservation_fields(held) for held in moves.reservations],
        "requests": [request_fields(entry) for entry in moves.entries],
        "codes": await codes_of(collections, moves, with_values=with_values),
        "is_complete": moves.is_complete,
    }


def reservation_fields(found: ReservationDocument) -> Account:
    """A reservation as it is stored."""
    return {"reservation_id": found.id, **found.model_dump(mode="json", exclude={"id"})}


def request_fields(found: LedgerDocument) -> Account:
    """A request's outcome, with the record that it was decided for."""
    return {**found.outcome.model_dump(mode="json"), "source": found.source, "digest": found.digest}


async def codes_of(collections: Collections, moves: Moves, *, with_values: bool) -> list[Account]:
    """The codes that the fan holds or was given. A released one may be another fan's by now."""
    assigned = codes_in(moves.reservations, "assigned")
    fields = dict.fromkeys(CODE_FIELDS, 1)
    found = [
        *(await look_up(collections, codes_in(moves.reservations, "held"), fields)),
        *(await look_up(collections, assigned, {**fields, "code": 1} if with_values else fields)),
    ]
    return [
        {"code_id": document.pop("_id"), **document, "changed_at": rfc3339(document["changed_at"])}
        for document in found
    ]


def codes_in(reservations: Iterable[ReservationDocument], state: str) -> list[str]:
    """Ids of the codes of reservations in one state."""
    return [code_id for held in reservations if held.state == state for code_id in held.code_ids]


async def look_up(collections: Collections, ids: list[str], fields: dict[str, int]) -> list[Account]:
    """Codes by their ids."""
    found: list[Account] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        with idempotent():
            found += await find_by_id(collections.codes, ids[start : start + IDS_AT_ONCE], fields)
    return found


async def erasable(collections: Collections, fan_id: str) -> Account:
    """What an erasure would change."""
    return asdict(await Erasure(collections, fan_id).found())


async def erase(collections: Collections, fan_id: str, *, key: str, by: str, pseudonym: bool) -> Account:
    """Erase a fan's id, or continue an erasure that was killed; returns what was changed, and the audit record's id.

    `audit_record` is None if there was nothing to erase.

    Raises:
        StillNamed: requests of the fan are still being decided.
    """
    records, subject = AuditRecords(collections), subject_of(key, fan_id)
    record = await records.unfinished(ACTION, subject)
    found = await erasable(collections, fan_id)
    if record is None:
        if not any(found.values()):
            return {**found, "audit_record": None}
        record = new_record(by, subject, pseudonym=pseudonym)
        await records.write(record)
    await Erasure(collections, fan_id).erase(record.id, None if record.pending == EACH else record.pending)
    await records.finish(record.id, utc_now())
    done = await records.find(record.id) or record
    return {**found, **{name: done.counts.get(name, 0) for name in FIELDS}, "audit_record": record.id}


def new_record(by: str, subject: str, *, pseudonym: bool) -> AuditRecordDocument:
    """The record of an erasure that begins."""
    return AuditRecordDocument(
        _id=token_hex(16),
        at=utc_now(),
        by=by,
        action=ACTION,
        subject=subject,
        counts={},
        pending=new_fan_id() if pseudonym else EACH,
    )


def subject_of(key: str, fan_id: str) -> str:
    """Stands for a fan in an audit record: whoever has the key can test an id against it, and nobody else."""
    return hmac.new(key.encode(), fan_id.encode(), "sha256").hexdigest()
