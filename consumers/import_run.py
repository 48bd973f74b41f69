"""One import from its first chunk to its end: looked up, loaded chunk by chunk, told of on the way, ended.

In:       a checkpoint; S3.
Out:      the import's document, ended; progress events before that.
Promise:  whatever happens, the counts are those of the rows that are written. An import that cannot go on keeps
          them, and ends with a reason; one that is told to stop ends nowhere, and goes on elsewhere.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from consumers.ahead import Stopped, ahead, unless_stopped
from consumers.checkpoint import Checkpoint, waited
from consumers.import_chunks import ChunkSource, place_of_object
from consumers.import_events import told_records
from consumers.import_report import write_report
from consumers.import_surroundings import ImportSurroundings
from consumers.waiting import wait_out
from handlers.imports import ended, located, why_not_loadable
from producers.emitters import Emitter
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import ImportFailed, ObjectStoreUnavailable, StoreRefused
from stores.import_port import ObjectSeen, Prepared, Written

REPORT_NOT_WRITTEN: Final = "report_not_written"
DATABASE_REFUSED: Final = "database_refused"
CANCELLED: Final = "cancelled"


@dataclass(slots=True)
class ImportRun:
    """Lives for one import on one partition."""

    checkpoint: Checkpoint
    around: ImportSurroundings
    emitter: Emitter
    stopping: asyncio.Event
    moved_by: str
    """The command's record, `<shard>@<offset>`."""
    untold: dict[str, InventoryDocument] = field(default_factory=dict)
    """Shards changed since they were last announced."""
    told_at_s: float = 0.0

    async def finish(self) -> ImportDocument:
        """Take the import to its end.

        Raises:
            Stopped: told to stop; what is written stays.
            PartitionFenced: another run has taken the import over.
            EmitFailed: Kafka did not take a progress event.
        """
        await self._tell()
        try:
            await self._heed()
            await self._locate()
            await self._load()
        except ImportFailed as why:
            await self._end(why.reason)
        else:
            await self._end(None)
        return self.checkpoint.document

    async def _locate(self) -> None:
        """Look at the object once; from then on it must stay the same.

        Raises:
            ImportFailed: it cannot be had, or is not what an import may be.
        """
        if self.checkpoint.document.etag is None:
            seen = await unless_stopped(self._looked(), self.stopping)
            after = located(
                self.checkpoint.document,
                etag=seen.etag,
                size_bytes=seen.size_bytes,
                gzip=seen.gzip,
                now=self.around.clock(),
            )
            await self.checkpoint.move(after, lambda found: found.etag == after.etag)
        reason = why_not_loadable(self.checkpoint.document, self.around.settings)
        if reason is not None:
            raise ImportFailed(reason)

    async def _looked(self) -> ObjectSeen:
        place = place_of_object(self.checkpoint.document)
        return await wait_out(
            lambda: self.around.objects.look(place),
            "s3",
            self.around.observer,
            away=ObjectStoreUnavailable,
            backoff_max_s=self.around.backoff_max_s,
        )

    async def _load(self) -> None:
        """Write chunk after chunk, while the next one is made ready.

        Raises:
            ImportFailed: the object cannot be read on, or has no row.
        """
        async with aclosing(ahead(self._source().chunks())) as chunks:
            while prepared := await unless_stopped(anext(chunks, None), self.stopping):
                await self._take(prepared)
                await self._heed()
                if self.stopping.is_set():
                    raise Stopped("told to stop")
                if monotonic() - self.told_at_s >= self.around.settings.progress_every_s:
                    await self._tell()
        if self.checkpoint.document.rows_read == 0:
            raise ImportFailed("empty")

    async def _take(self, prepared: Prepared) -> None:
        self.around.failpoint.reached("before_chunk")
        began_s = monotonic()
        with self.around.tracer.chunk(prepared.chunk.rows):
            written = await self._written(prepared)
        self.around.observer.import_wrote(prepared.chunk.rows, monotonic() - began_s)
        self.around.failpoint.reached("after_chunk")
        self.untold |= {shard.id: shard for shard in written.shards}
        self._turned()

    async def _heed(self) -> None:
        """Look whether somebody has cancelled the import.

        Raises:
            ImportFailed: so it is.
            Stopped: told to stop before there was an answer.
        """
        asked = waited(lambda: self.checkpoint.store.is_cancelled(self.checkpoint.document.id), self.around)
        if await unless_stopped(asked, self.stopping):
            raise ImportFailed(CANCELLED)

    async def _written(self, prepared: Prepared) -> Written:
        try:
            return await self.checkpoint.write(prepared)
        except StoreRefused:
            raise ImportFailed(DATABASE_REFUSED) from None

    async def _tell(self) -> None:
        """Say how far it is, in a Kafka transaction of its own that moves no offset."""
        records = told_records(
            self.checkpoint.document, self.untold.values(), self.checkpoint.cause, self.around.topics
        )
        with self.around.tracer.sending(len(records)):
            await self.emitter.emit(records, None)
        self.untold = {}
        self.told_at_s = monotonic()

    async def _end(self, reason: str | None) -> None:
        report, reason_of_report = await self._report()
        after = ended(
            self.checkpoint.document,
            "completed" if reason is None else "failed",
            reason or reason_of_report,
            report,
            now=self.around.clock(),
        )
        self.around.failpoint.reached("before_import_end")
        await self.checkpoint.move(after, lambda found: found.state == after.state)
        self.around.observer.import_ended(after)

    async def _report(self) -> tuple[str | None, str | None]:
        """The report's address, or why there is none although rows were rejected."""
        if self.checkpoint.document.rejected == 0:
            return None, None
        try:
            return await unless_stopped(waited(self._report_once, self.around), self.stopping), None
        except ImportFailed:
            return None, REPORT_NOT_WRITTEN

    async def _report_once(self) -> str:
        store, objects = self.checkpoint.store, self.around.objects
        return await wait_out(
            lambda: write_report(self.checkpoint.document, store, objects),
            "s3",
            self.around.observer,
            away=ObjectStoreUnavailable,
            backoff_max_s=self.around.backoff_max_s,
        )

    def _source(self) -> ChunkSource:
        return ChunkSource(self.checkpoint.document, self.moved_by, self.checkpoint.store, self.around, self._turned)

    def _turned(self) -> None:
        self.around.observer.turned(self.checkpoint.cause.topic, self.checkpoint.cause.partition)
