"""Archives or purges a closed campaign: removes it from the database, and lets readers forget it.

In:       a campaign; for an archive the manifest of its export.
Out:      how many documents were removed. In `campaigns` a small record stays; of a purge also one in `purges`.
Promise:  an archive removes nothing before every code has its row in a finished export. Killed at any point and run
          again, both end the same. The campaign stays closed for ever: a late request is refused as
          `campaign_closed`, also one that was answered before, because its ledger entry is gone.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ops.campaigns.manifest import Manifest
from schemas.base import CodeStatus, to_milliseconds
from schemas.documents import CampaignDocument, PurgeDocument, RemovalRecord, RemovedCounts
from schemas.errors import CodeServiceError
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.closing import CampaignUnknown, Closing
from stores.mongo.purges import Purges
from stores.mongo.removing import Removing

Kind = Literal["archive", "purge"]


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
    purges: Purges
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
        await self.purges.begin(self._purge_document(record, found))
        known = await self.purges.find(self.campaign_id)
        self.removed = Counter({} if known is None else known.removed.model_dump())
        done = await self._remove(record)
        await self.purges.progress(self.campaign_id, self.removed, done.removed_at)
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

    async def _remove(self, record: RemovalRecord) -> RemovalRecord:
        async for name, count in self.removing.documents():
            await self._count(record, name, count)
        await self.forget()
        async for name, count in self.removing.shards():
            await self._count(record, name, count)
        done = record.model_copy(
            update={"state": "removed", "removed_at": record.removed_at or to_milliseconds(self.clock())}
        )
        await self.removing.finish(done)
        return done

    async def _count(self, record: RemovalRecord, name: str, count: int) -> None:
        self.removed[name] += count
        if record.kind == "purge":
            await self.purges.progress(self.campaign_id, self.removed, record.removed_at)
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

    def _purge_document(self, record: RemovalRecord, found: CampaignFound) -> PurgeDocument:
        """Of a purge that goes on, the first document stays: shards may be gone by now."""
        counts = by_status(found)
        return PurgeDocument(
            _id=self.campaign_id,
            by=record.by,
            began_at=record.began_at,
            available=counts["available"],
            reserved=counts["reserved"],
            assigned=counts["assigned"],
            removed=RemovedCounts(),
        )


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
