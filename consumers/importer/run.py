"""One import from its first chunk to its end: looked up, loaded chunk by chunk, told of on the way, ended.

In:       a checkpoint; S3.
Out:      the import's document, ended; progress events before that.
Promise:  whatever happens, the counts are those of the rows that are written. An import that cannot go on, or that is
          cancelled, keeps them, and ends with a reason; one that is told to stop ends nowhere, and goes on elsewhere.
"""

from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from consumers.importer.checkpoint import Checkpoint
from consumers.importer.chunk_source import ChunkSource, place_of_object
from consumers.importer.chunk_writer import ChunkWriter
from consumers.importer.context import ImportSurroundings
from consumers.importer.outputs import told_records
from consumers.importer.report import REPORT_NOT_WRITTEN, write_report
from consumers.importer.waits import CANCELLED, Waits
from consumers.loop.prefetch import ahead
from handlers.imports.chunk_size import ChunkSize
from handlers.imports.progress import ended, located, why_not_loadable
from producers.emitters import Emitter
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import ImportFailed, StoreRefused
from schemas.observation.imports import ChunkWritten, ImportEnded
from schemas.observation.partitions import LoopTurned
from stores.import_port import Prepared, Written

DATABASE_REFUSED: Final = "database_refused"
REPORT_GRACE_S: Final = 5.0
"""Seconds that a cancelled import may take to write its report; if S3 is unavailable for longer, it ends without."""


@dataclass(slots=True)
class ImportRun:
    """Lives for one import on one partition."""

    checkpoint: Checkpoint
    waits: Waits
    emitter: Emitter
    size: ChunkSize
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
        store, import_id = self.checkpoint.store, self.checkpoint.document.id
        async with self.waits.watching(lambda: store.is_cancelled(import_id)):
            await self._end(await self._loaded())
        return self.checkpoint.document

    async def _loaded(self) -> str | None:
        """Load what is left of the object; gives the reason if that cannot be all of it."""
        try:
            await self._locate_and_load()
        except ImportFailed as why:
            return why.reason
        return None

    async def _locate_and_load(self) -> None:
        try:
            await self._locate()
            await self._load()
        except StoreRefused:
            raise ImportFailed(DATABASE_REFUSED) from None

    async def _locate(self) -> None:
        """Look at the object once; from then on it must stay the same.

        Raises:
            ImportFailed: it cannot be had, or is not what an import may be.
            StoreRefused: the database does not take what was found.
        """
        while self.checkpoint.document.etag is None:
            place = place_of_object(self.checkpoint.document)
            seen = await self.waits.unless_told(lambda: self.waits.s3(lambda: self._around.objects.look(place)))  # noqa: B023  # it is awaited here
            after = located(
                self.checkpoint.document,
                etag=seen.etag,
                size_bytes=seen.size_bytes,
                gzip=seen.gzip,
                now=self._around.clock(),
            )
            await self.checkpoint.move(after)
        reason = why_not_loadable(self.checkpoint.document, self._around.settings)
        if reason is not None:
            raise ImportFailed(reason)

    async def _load(self) -> None:
        """Write chunk after chunk, while the next one is made ready.

        Raises:
            ImportFailed: the object cannot be read on, or has no row; or the import is cancelled.
            StoreRefused: the database does not take a chunk.
        """
        writer = ChunkWriter(self.checkpoint, self.size, self.moved_by, self._wrote)
        async with aclosing(ahead(self._source().chunks())) as chunks:
            while prepared := await self.waits.unless_told(lambda: anext(chunks, None)):
                await self._take(prepared, writer)
        if self.checkpoint.document.rows_read == 0:
            raise ImportFailed("empty")

    async def _take(self, prepared: Prepared, writer: ChunkWriter) -> None:
        self._around.failpoint.reached("before_chunk")
        with self._around.tracer.chunk(prepared.chunk.rows):
            await writer.write(prepared)

    async def _wrote(self, written: Written, rows: int, seconds: float) -> None:
        """Note what a write came to, and say how far the import is now and then."""
        self._around.observer.observe(ChunkWritten(rows, seconds))
        self._around.failpoint.reached("after_chunk")
        self.untold |= {shard.id: shard for shard in written.shards}
        self._turned()
        self.waits.check()
        if monotonic() - self.told_at_s >= self._around.settings.progress_every_s:
            await self._tell()

    async def _tell(self) -> None:
        """Say how far it is, in a Kafka transaction of its own that moves no offset."""
        records = told_records(
            self.checkpoint.document, self.untold.values(), self.checkpoint.cause, self._around.topics
        )
        with self._around.tracer.sending(len(records)):
            await self.emitter.emit(records, None)
        self.untold = {}
        self.told_at_s = monotonic()

    async def _end(self, reason: str | None) -> None:
        """Write the report, then the end; both again if a chunk that was given up turns out to be written."""
        while True:
            await self.checkpoint.refresh()
            report, why_none = await self._report()
            if reason is None and self.waits.cancelled.is_set():
                reason = CANCELLED
            after = ended(
                self.checkpoint.document,
                "completed" if reason is None else "failed",
                reason or why_none,
                report,
                now=self._around.clock(),
            )
            self._around.failpoint.reached("before_import_end")
            if await self.checkpoint.move(after, gives_up=False):
                break
        self._around.observer.observe(ImportEnded(after))

    async def _report(self) -> tuple[str | None, str | None]:
        """The report's address, or why there is none although rows were rejected."""
        if self.checkpoint.document.rejected == 0:
            return None, None
        self._around.failpoint.reached("before_report")
        try:
            report = await self.waits.unless_told(self._written_report, cancel_grace_s=REPORT_GRACE_S)
        except ImportFailed:
            return None, REPORT_NOT_WRITTEN
        return report, None

    async def _written_report(self) -> str:
        checkpoint, waits, objects = self.checkpoint, self.waits, self._around.objects

        def check_owner() -> Awaitable[object]:
            return waits.mongo(checkpoint.still_ours)

        def once() -> Awaitable[str]:
            return write_report(checkpoint.document, checkpoint.store, objects, check_owner)

        return await waits.mongo(lambda: waits.s3(once))

    def _source(self) -> ChunkSource:
        return ChunkSource(
            self.checkpoint.document, self.moved_by, self.checkpoint.store, self.waits, self.size, self._turned
        )

    def _turned(self) -> None:
        self._around.observer.observe(LoopTurned(self.checkpoint.cause.topic, self.checkpoint.cause.partition))

    @property
    def _around(self) -> ImportSurroundings:
        return self.waits.around
