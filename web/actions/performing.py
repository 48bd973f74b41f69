"""Performs one action: right, confirmation, audit record, work, outcome.

In:       a request of an actor, the work.
Out:      `ActionDone`, or an error with its status.
Promise:  the audit record is written before the work begins; without it nothing is done. It tells the outcome
          afterwards: if it has none, the process ended meanwhile, or the work took longer than `ACTION_S_MAX`. At
          most `ACTIONS_MAX` run at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from ops.broker.patience import Unanswered
from ops.imports.retrying import NoSuchImport
from ops.settings.load import Settings
from schemas.clock import utc_now
from schemas.documents import AuditRecordDocument
from schemas.errors import BrokerUnavailable, CodeServiceError, ObjectStoreUnavailable, StoreRefused, StoreUnavailable
from stores.mongo.audit_records import AuditRecords
from stores.mongo.closing import CampaignUnknown
from stores.mongo.collections import Collections
from web.actions.models import ActionDone
from web.actions.rights import Rights
from web.past import Source
from web.responses import NoAnswer

ACTIONS_MAX: Final = 4
ACTION_S_MAX: Final = 90.0
"""A closing may wait a minute for the transaction of a worker that froze."""
ABSENT: Final = (NoSuchImport, CampaignUnknown)
UNAVAILABLE: Final = (StoreUnavailable, BrokerUnavailable, ObjectStoreUnavailable, Unanswered)


@dataclass(frozen=True, slots=True)
class Acting:
    """What actions work on."""

    settings: Settings = field(default_factory=Settings)
    source: Source | None = None
    """The database of `CODES_ACTIONS__URI`."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a work."""

    outcome: str
    counts: Mapping[str, int] = field(default_factory=dict)
    import_id: str | None = None


Work = Callable[[Collections], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Intent:
    """Who wants to do what to which thing."""

    by: str
    action: str
    subject: str
    campaign_id: str | None = None
    """The campaign that it is about, if that is known."""
    at: datetime = field(default_factory=utc_now)
    audit_id: str = field(default_factory=lambda: uuid4().hex)


class Performer:
    """Lives as long as the application."""

    def __init__(self, rights: Rights, acting: Acting) -> None:
        self.rights = rights
        self.settings = acting.settings
        self._source = acting.source
        self._running = 0

    async def perform(self, intent: Intent, work: Work) -> ActionDone:
        """Do it, and record it.

        Raises:
            NoAnswer: 404, 409, 501 or 503; the detail says why.
        """
        async with self.database() as collections:
            records = AuditRecords(collections)
            await records.write(record_of(intent))
            try:
                done = await work(collections)
            except (CodeServiceError, TimeoutError) as why:
                await conclude(records, intent, Done(f"failed: {str(why) or 'no answer in time'}"))
                raise
            await conclude(records, intent, done)
        return ActionDone(
            action=intent.action,
            subject=intent.subject,
            outcome=done.outcome,
            by=intent.by,
            at=intent.at,
            audit_id=intent.audit_id,
            import_id=done.import_id,
        )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Collections]:
        """The collections, for one action or one question of an actor. Raises NoAnswer for what goes wrong inside."""
        assert self._source is not None, "rights are granted only with a database"
        if self._running >= ACTIONS_MAX:
            raise NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "other actions are running; try again")
        self._running += 1
        try:
            self._source.follow_login()
            async with asyncio.timeout(ACTION_S_MAX):
                yield self._source.collections
        except (CodeServiceError, TimeoutError) as why:
            raise answer_to(why) from None
        finally:
            self._running -= 1


async def conclude(records: AuditRecords, intent: Intent, done: Done) -> None:
    """If MongoDB does not take it, the record stays without an outcome; what is done is done."""
    with suppress(StoreUnavailable, StoreRefused):
        await records.conclude(intent.audit_id, done.outcome, done.counts, utc_now())


def record_of(intent: Intent) -> AuditRecordDocument:
    return AuditRecordDocument(
        _id=intent.audit_id,
        at=intent.at,
        by=intent.by,
        action=intent.action,
        subject=intent.subject,
        campaign_id=intent.campaign_id,
        counts={},
    )


def answer_to(why: CodeServiceError | TimeoutError) -> NoAnswer:
    """The response to an error."""
    if isinstance(why, TimeoutError):
        detail = "no answer in time: whether it was done is unknown, look before you try again"
        return NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail)
    if isinstance(why, UNAVAILABLE):
        return NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", str(why))
    if isinstance(why, ABSENT):
        return NoAnswer(HTTPStatus.NOT_FOUND, "not_found", str(why))
    return NoAnswer(HTTPStatus.CONFLICT, "conflict", str(why))
