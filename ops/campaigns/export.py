"""Exports a campaign to S3: which fan got which code, in parts, and a manifest.

In:       the campaign, the place, the format, who asks.
Out:      `<prefix>/<export id>/part-00000-<digest>.csv`, …, and `manifest.json`, which is written last.
Promise:  memory does not grow with the campaign: one part is held at a time. A part is named after its content, so a
          run that was killed, or that runs at the same time, never changes a part that a manifest names. An export
          with a manifest is finished: it is read, and not written again.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from ops.campaigns.formats import COLUMNS, CONTENT_TYPES, PARTS, Format
from ops.campaigns.manifest import Manifest, ManifestStore, PartEntry
from ops.version import service_version
from schemas.errors import CodeServiceError
from stores.import_port import ObjectPlace
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.closing import CampaignUnknown
from stores.mongo.code_rows import CodeRow, CodeRows
from stores.mongo.collections import Collections

ROWS_PER_PART: Final = 100_000
"""About 20 MB of CSV, which are held in memory until the part is written."""
AVAILABLE: Final = "available"


class ExportOfAnother(CodeServiceError):
    """This export id belongs to another campaign or format. Choose another one with --export-id."""


class CampaignArchived(CodeServiceError):
    """The campaign is archived: its codes are in the export that codes campaigns show ID names."""


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to export, and where."""

    campaign_id: str
    export_id: str
    place: ObjectPlace
    """The folder of the export: bucket and key without the last slash."""
    format: Format
    by: str
    rows_per_part: int = ROWS_PER_PART


@dataclass(slots=True)
class Export:
    """Lives for one run."""

    order: ExportOrder
    rows: CodeRows
    desk: CampaignDesk
    manifests: ManifestStore
    clock: Callable[[], datetime]
    report: Callable[[PartEntry], None]
    """Called for each part that is written."""
    parts: list[PartEntry] = field(init=False, default_factory=list)
    statuses: Counter[str] = field(init=False, default_factory=Counter)
    unnamed: int = field(init=False, default=0)

    async def run(self) -> Manifest:
        """The manifest; that of an earlier run, if it was finished.

        Raises:
            CampaignUnknown, CampaignArchived, ExportOfAnother: see there.
            ExportFailed: S3 refused a part or the manifest.
            StoreUnavailable, ObjectStoreUnavailable: no answer; run it again under the same id.
        """
        finished = await self.manifests.find()
        if finished is not None:
            return checked(finished, self.order)
        before, began_at = await self._campaign(), self.clock()
        await self._write_parts()
        after = await self._campaign()
        manifest = self._manifest(before, after, began_at)
        await self.manifests.write(manifest)
        return manifest

    async def _campaign(self) -> CampaignFound:
        found = await self.desk.one(self.order.campaign_id)
        if found is None:
            raise CampaignUnknown(f"there is no campaign {self.order.campaign_id}")
        if found.removal is not None:
            raise CampaignArchived(f"campaign {self.order.campaign_id} is archived")
        return found

    async def _write_parts(self) -> None:
        """An empty campaign has one part too: a header says which columns there would be."""
        part, rows = PARTS[self.order.format](), 0
        async for page in self._pages():
            part.add(self.order.campaign_id, page)
            rows += len(page)
            if rows >= self.order.rows_per_part:
                await self._write_part(part.finish(), rows)
                part, rows = PARTS[self.order.format](), 0
        if rows or not self.parts:
            await self._write_part(part.finish(), rows)

    async def _pages(self) -> AsyncIterator[list[CodeRow]]:
        """Codes with a holder, then available ones; the taken ones among all codes are counted against the former."""
        taken: Counter[str] = Counter()
        async for page in self.rows.taken(self.order.campaign_id):
            taken.update(row.status for row in page)
            yield page
        self.statuses += taken
        async for page in self.rows.every(self.order.campaign_id):
            free = [row for row in page if row.status == AVAILABLE]
            self.statuses[AVAILABLE] += len(free)
            taken.subtract(row.status for row in page if row.status != AVAILABLE)
            yield free
        self.unnamed = -sum(taken.values())

    async def _write_part(self, body: bytes, rows: int) -> None:
        digest = sha256(body).hexdigest()
        name = f"part-{len(self.parts):05}-{digest[:12]}.{self.order.format}"
        entry = PartEntry(name=name, rows=rows, bytes=len(body), sha256=digest)
        await self.manifests.write_part(name, body, CONTENT_TYPES[self.order.format])
        self.parts.append(entry)
        self.report(entry)

    def _manifest(self, before: CampaignFound, after: CampaignFound, began_at: datetime) -> Manifest:
        return Manifest(
            export_id=self.order.export_id,
            campaign_id=self.order.campaign_id,
            format=self.order.format,
            columns=dict(COLUMNS),
            rows=sum(entry.rows for entry in self.parts),
            rows_by_status=dict(self.statuses),
            taken_without_reservation=self.unnamed,
            is_final=is_still(before) and is_still(after) and before.closed_at == after.closed_at,
            closed_at=after.closed_at,
            parts=tuple(self.parts),
            began_at=began_at,
            finished_at=self.clock(),
            by=self.order.by,
            written_by=f"code-service {service_version()}",
        )


def is_still(found: CampaignFound) -> bool:
    """Whether nothing can move in it: it is closed, and no code is held."""
    return found.state == "closed" and not any(row["reserved"] for row in found.counts.values())


def checked(finished: Manifest, order: ExportOrder) -> Manifest:
    """Raises ExportOfAnother if the finished export is not the one that is asked for."""
    if (finished.campaign_id, finished.format) != (order.campaign_id, order.format):
        raise ExportOfAnother(f"export {order.export_id} is of campaign {finished.campaign_id}, {finished.format}")
    return finished


def export_of(  # the composition for commands
    collections: Collections,
    manifests: ManifestStore,
    order: ExportOrder,
    *,
    clock: Callable[[], datetime],
    report: Callable[[PartEntry], None],
) -> Export:
    """An export on these parts."""
    return Export(order, CodeRows(collections), CampaignDesk(collections), manifests, clock, report)
