"""Archives or purges a closed campaign: removes it from the database, and lets readers forget it.

In:       a campaign; for an archive the manifest of its export.
Out:      how many documents were removed. In `campaigns` a small record stays; of a purge also one in
          `audit_records`.
Promise:  an archive removes nothing before every code has its row in a finished export. Killed at any point and run
          again, both end the same. The campaign stays closed for ever: a late request is refused as
          `campaign_closed`, also one that was answered before, because its ledger entry is gone.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from ops.campaigns.manifest import Manifest
from schemas.base import CodeStatus, to_milliseconds
from schemas.documents import AuditRecordDocument, CampaignDocument, RemovalRecord
from schemas.errors import CodeServiceError
from stores.mongo.audit_records import AuditRecords
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.closing import CampaignUnknown, Closing
from stores.mongo.removing import Removing

Kind = Literal["archive", "purge"]
PURGED: Final = "purge_campaign"
"""The action of a purge's audit record."""


class NotRemovable(CodeServiceError):
    """The campaign cannot be removed yet, or not in this way. Nothing was changed."""


@dataclass(slots=True)
class Removal:
    """Lives for one run."""

    campaign_id: str
    by: str
    removing: Removing
    desk: CampaignDesk
    closing: Closing
    records: AuditRecords
    settle: Callable[[], Awaitable[None]]
    """Waits until all requests that were sent by now are answered."""
    forget: Callable[[], Awaitable[None]]
    """Lets the readers of compacted topics forget the campaign."""
    clock: Callable[[], datetime]
    report: Callable[[Mapping[str, int]], None]
    """Called after each batch, with all that this run has removed."""
    removed: Counter[str] = field(init=False, default_factory=Counter)

    async def check(self, kind: Kind) -> tuple[CampaignFound, CampaignDocument]:
        """What may be removed.

        Raises:
            CampaignUnknown, CampaignDocumentLost: see there.
            NotRemovable: it is not closed, an import runs, or it was removed in the other way; before an archive also
                if a hold is open.
        """
        found = await self.desk.one(self.campaign_id)
        if found is None:
            raise CampaignUnknown(f"there is no campaign {self.campaign_id}")
        document = await self.closing.document(self.campaign_id)
        if document.removal is None:
            await self._check_still(found, kind)
        elif document.removal.kind != kind:
            raise NotRemovable(f"campaign {self.campaign_id}: the {document.removal.kind} of it has begun")
        return found, document

    async def archive(self, manifest: Manifest, address: str) -> RemovalRecord:
        """Remove what the export has.

        Raises:
            NotRemovable: see `check`; or the export does not have every code as it is now.
            NotSettled: requests that were sent before are not answered.
        """
        found, document = await self.check("archive")
        await self.settle()
        codes = (await self.removing.counts())["codes"]
        why_not = why_not_whole(manifest, document, codes)
        if why_not is not None:
            raise NotRemovable(f"campaign {self.campaign_id}: the export {address} {why_not}")
        record = self._record("archive", found, address)
        return await self._remove(await self._begun(record, document))

    async def resume(self, record: RemovalRecord) -> RemovalRecord:
        """Go on with an archive that has begun: its export is finished."""
        return await self._remove(record)

    async def purge(self) -> RemovalRecord:
        """Remove without an export.

        Raises:
            NotRemovable, NotSettled: as above.
        """
        found, document = await self.check("purge")
        record = document.removal or self._record("purge", found, None)
        if document.removal is None:
            await self.settle()
            record = await self._begun(record, document)
        audit_record = audit_id(self.campaign_id)
        await self.records.begin(self._audit_record(record, found))
        done = await self._remove(record, audit_record)
        await self.records.finish(audit_record, done.removed_at or self.clock())
        known = await self.records.find(audit_record)
        self.removed = Counter({} if known is None else known.counts)
        return done

    async def _check_still(self, found: CampaignFound, kind: Kind) -> None:
        name = f"campaign {self.campaign_id}"
        if found.state != "closed":
            raise NotRemovable(f"{name} is {found.state}: close it with codes campaigns close {self.campaign_id}")
        running, holds = await self.removing.running_imports(), await self.removing.holds()
        if running:
            raise NotRemovable(f"{name}: {running:,} imports run; they end soon, as it is closed")
        if holds and kind == "archive":
            raise NotRemovable(f"{name}: {holds:,} holds are open; they are assigned, released or expire")

    async def _begun(self, record: RemovalRecord, document: CampaignDocument) -> RemovalRecord:
        """The guard of the write decides: the campaign may have been reopened and closed again, and codes sold."""
        if document.closed_at is not None:
            await self.removing.begin(record, closed_at=document.closed_at)
        kept = (await self.closing.document(self.campaign_id)).removal
        if kept is None or kept.kind != record.kind:
            raise NotRemovable(f"campaign {self.campaign_id} was reopened or removed meanwhile")
        return kept

    async def _remove(self, record: RemovalRecord, audit_record: str | None = None) -> RemovalRecord:
        async for name, count in self.removing.documents(audit_record):
            self._count(name, count)
        await self.forget()
        async for name, count in self.removing.shards(audit_record):
            self._count(name, count)
        done = record.model_copy(
            update={"state": "removed", "removed_at": record.removed_at or to_milliseconds(self.clock())}
        )
        await self.removing.finish(done)
        return done

    def _count(self, name: str, count: int) -> None:
        self.removed[name] += count
        self.report(self.removed)

    def _record(self, kind: Kind, found: CampaignFound, address: str | None) -> RemovalRecord:
        return RemovalRecord(
            kind=kind,
            state="removing",
            by=self.by,
            began_at=self.clock(),
            codes=sum(by_status(found).values()),
            manifest=address,
        )

    def _audit_record(self, record: RemovalRecord, found: CampaignFound) -> AuditRecordDocument:
        """Of a purge that continues, the first record stays: shards may be gone by now."""
        return AuditRecordDocument(
            _id=audit_id(self.campaign_id),
            at=record.began_at,
            by=record.by,
            action=PURGED,
            subject=self.campaign_id,
            campaign_id=self.campaign_id,
            counts={},
            before=by_status(found),
        )


def audit_id(campaign_id: str) -> str:
    """A campaign is purged once; a purge that was killed finds its record by this id."""
    return f"{PURGED}:{campaign_id}"


def by_status(found: CampaignFound) -> dict[str, int]:
    """Codes by status, as the shards count them."""
    return {str(status): sum(row[status] for row in found.counts.values()) for status in CodeStatus}


def why_not_whole(manifest: Manifest, document: CampaignDocument, codes: int) -> str | None:
    """Why an export does not have every code as it is now, if it does not."""
    if not manifest.is_final:
        return "was not made of a closed campaign without holds: make another one, with another --export-id"
    if manifest.closed_at != document.closed_at:
        return "is older than the last reopening: make another one, with another --export-id"
    if manifest.taken_without_reservation or manifest.rows != codes:
        return f"has {manifest.rows:,} rows, and there are {codes:,} codes: see codes reconcile --reservations"
    return None
