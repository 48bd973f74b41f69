"""Lists what people did, from the audit records.

In:       a request of somebody who may act, with a token for all campaigns or for some.
Out:      `AuditRecords`, the latest first, a page at a time.
Promise:  a token of single campaigns sees only records that are known to be about these. Reading leaves no record.
"""

from datetime import UTC, datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import AfterValidator, Field

from schemas.base import ID_PATTERN, Id, Instant, rfc3339
from stores.mongo.audit_list import AuditEntry, AuditFilter, AuditList, Place
from web.access import ACCESS
from web.actions.performing import Performer
from web.models import Answer
from web.queries import LIMIT_MAX, InvalidQuery, Query, asked
from web.responses import answered

TEXT_MAX: Final = 128
NO_PLACE: Final = "before: this is no `next` of an answer"


def in_utc(instant: datetime) -> datetime:
    """Without an offset it is one in UTC."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


Time = Annotated[datetime, AfterValidator(in_utc)]


class AuditRecordsQuery(Query):
    """Which audit records; each parameter narrows the list."""

    by: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)] | None = None
    """Who did it."""
    action: Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")] | None = None
    """Such as `close_campaign`."""
    subject: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)] | None = None
    """An import, a campaign or a reason of dead letters."""
    campaign_id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    """The campaign, and its imports."""
    since: Time | None = None
    """Inclusive, as RFC 3339."""
    until: Time | None = None
    """Exclusive."""
    before: Annotated[str, Field(max_length=256)] | None = None
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 100


class AuditRecord(Answer):
    """What a person did."""

    id: str
    at: Instant
    """When it began."""
    by: str
    action: str
    subject: str
    """The import, campaign or reason that it was about; of an erased fan, a keyed hash of the id."""
    campaign_id: Id | None
    """Null: it is about no campaign, or about an import that had not started."""
    outcome: str | None
    """What came of it. Null: see `ended_at`."""
    ended_at: Instant | None
    """Null without an outcome: the process ended meanwhile, or the action took too long."""
    counts: dict[str, int]


class AuditRecordList(Answer):
    """What people did, the latest first."""

    items: list[AuditRecord]
    next: str | None
    """The parameter `before` of the next page; null: there is none."""


class RecordActions:
    """A handler; it lives as long as the application."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    async def list(self, request: web.Request) -> web.StreamResponse:
        self._performer.rights.actor(request)
        query = asked(request, AuditRecordsQuery)
        wanted, before = wanted_of(query, request[ACCESS].campaigns), place_of(query.before)
        async with self._performer.database() as collections:
            entries = await AuditList(collections).page(wanted, before, query.limit)
        return answered(page_of(entries, query.limit))


def wanted_of(query: AuditRecordsQuery, campaigns: frozenset[str] | None) -> AuditFilter:
    return AuditFilter(
        by=query.by,
        actions=() if query.action is None else (query.action,),
        subject=query.subject,
        campaign_id=query.campaign_id,
        since=query.since,
        until=query.until,
        campaigns=campaigns,
    )


def place_of(before: str | None) -> Place | None:
    """Raises InvalidQuery for what is no place."""
    if before is None:
        return None
    at, _, record_id = before.partition("/")
    try:
        return Place(in_utc(datetime.fromisoformat(at)), record_id)
    except ValueError:
        raise InvalidQuery(NO_PLACE) from None


def page_of(entries: list[AuditEntry], limit: int) -> AuditRecordList:
    """A full page may have a next one, which may be empty."""
    last = entries[-1] if len(entries) == limit else None
    return AuditRecordList(
        items=[AuditRecord.model_validate(dict(entry)) for entry in entries],
        next=None if last is None else f"{rfc3339(last.at)}/{last.id}",
    )
