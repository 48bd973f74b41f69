"""Lists audit records for people: the latest first, a page at a time.

In:       a filter, the place where the page before ended.
Out:      `AuditEntry`s.
Promise:  one read of at most a page, by the index `latest`. What only a repetition of the work needs (`pending`,
          which may hold a fan's pseudonym) is never read.
"""

from collections.abc import AsyncGenerator, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.base import Instant, Model, to_milliseconds
from schemas.documents import AuditRecordDocument
from stores.mongo.collections import Collections, Document, read_document
from stores.mongo.errors import idempotent

PAGE_MAX: Final = 500
OF_CAMPAIGN: Final = ("close_campaign", "reopen_campaign", "import_file", "purge_campaign")
"""Actions whose subject is a campaign. Records that were written before the field `campaign_id` have only this."""


class Place(NamedTuple):
    """Where a page ended."""

    at: datetime
    record_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records; what is None or empty filters nothing."""

    by: str | None = None
    actions: Collection[str] = ()
    subject: str | None = None
    campaign_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    campaigns: frozenset[str] | None = None
    """Only records that are known to be about one of these: what somebody may see."""


class AuditEntry(Model):
    """What a person did, without what only a repetition of it needs."""

    id: str
    at: Instant
    by: str
    action: str
    subject: str
    campaign_id: str | None
    outcome: str | None
    ended_at: Instant | None
    counts: dict[str, int]


class AuditList:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time; safe to repeat."""

    def __init__(self, collections: Collections) -> None:
        self._records = collections.audit_records

    async def page(self, wanted: AuditFilter, before: Place | None = None, count: int = PAGE_MAX) -> list[AuditEntry]:
        """At most `count` records, those after the place.

        Raises:
            DocumentUnreadable: a record was edited by hand.
        """
        found = self._records.find(query_of(wanted, before), {"pending": 0})
        with idempotent():
            documents = await found.sort([("at", -1), ("_id", -1)]).limit(min(count, PAGE_MAX)).to_list(None)
        return [entry_of(read_document(AuditRecordDocument, "audit_records", document)) for document in documents]

    async def all(self, wanted: AuditFilter, count: int) -> AsyncGenerator[AuditEntry, None]:
        """At most `count` records, read page by page."""
        place = None
        while count > 0:
            entries = await self.page(wanted, place, count)
            for entry in entries:
                yield entry
            count -= len(entries)
            if len(entries) < PAGE_MAX:
                return
            place = Place(entries[-1].at, entries[-1].id)


def query_of(wanted: AuditFilter, before: Place | None) -> Document:
    """Pure: the filter in MongoDB's words."""
    given = {"by": wanted.by, "subject": wanted.subject}
    terms: list[dict[str, Any]] = [{name: value} for name, value in given.items() if value is not None]
    if wanted.actions:
        terms.append({"action": {"$in": sorted(wanted.actions)}})
    if wanted.campaign_id is not None:
        terms.append(about([wanted.campaign_id]))
    if wanted.campaigns is not None:
        terms.append(about(wanted.campaigns))
    bounds = {"$gte": wanted.since, "$lt": wanted.until}
    terms += [{"at": {name: to_milliseconds(at)}} for name, at in bounds.items() if at is not None]
    if before is not None:
        terms.append({"$or": [{"at": {"$lt": before.at}}, {"at": before.at, "_id": {"$lt": before.record_id}}]})
    return {"$and": terms} if terms else {}


def about(campaigns: Iterable[str]) -> dict[str, Any]:
    """Records that are known to be about one of these campaigns."""
    ids = {"$in": sorted(campaigns)}
    return {"$or": [{"campaign_id": ids}, {"action": {"$in": list(OF_CAMPAIGN)}, "subject": ids}]}


def entry_of(record: AuditRecordDocument) -> AuditEntry:
    """With the campaign also of records that were written before it was a field."""
    is_named = record.campaign_id is None and record.action in OF_CAMPAIGN
    return AuditEntry(
        campaign_id=record.subject if is_named else record.campaign_id,
        **{name: getattr(record, name) for name in AuditEntry.model_fields if name != "campaign_id"},
    )
