"""Import commands of one partition, one after the other: each to its end, or to where the next owner goes on.

In:       records of the command topic, in order.
Out:      progress and end events, inventory events, dead letters.
Promise:  a command's offset moves only together with its import's end event. A command that comes again gets the
          same end event again, with the same `ce_id`.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from consumers.decode import SizeLimits, decode_command
from consumers.importer.checkpoint import Checkpoint, take
from consumers.importer.context import ImportSurroundings
from consumers.importer.outputs import failed_records, rejected_records, told_records
from consumers.importer.run import ImportRun
from consumers.importer.waits import Waits
from consumers.loop.prefetch import Stopped
from consumers.loop.retry import RetryPolicy
from handlers.imports.chunk_size import ChunkSize
from producers.emitters import Emitter
from schemas.documents import ImportDocument
from schemas.errors import StoreRefused
from schemas.observation.imports import ImportLeft, ImportStarted
from schemas.observation.requests import BatchReport, DeadLetterWritten, RequestUnwritable, Subject
from schemas.records import Asked, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import ImportCommand
from stores.import_port import ImportStore

UNPROCESSABLE = "the database refuses what this import would write"


class ImportPartition:
    """Serves the commands of one partition."""

    def __init__(self, shard: str, store: ImportStore, around: ImportSurroundings) -> None:
        """`shard` is the partition's name without the topic prefix."""
        self._shard = shard
        self._store = store
        self._around = around
        limits = around.limits
        self._sizes = SizeLimits(limits.record_bytes_max, limits.key_bytes_max, limits.header_bytes_max)
        self._chunk_size = ChunkSize(around.settings.rows_per_chunk_max)

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""
        observer, backoff_max_s = self._around.observer, self._around.backoff_max_s
        await RetryPolicy("mongo", observer, backoff_max_s).run(self._store.take_over)

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """Take commands to their ends; return without an end when `stopping` is set.

        Raises:
            PartitionFenced, EmitFailed: see `Emitter.emit`. What is written stays, and the import goes on from there.
        """
        for record in records:
            try:
                with self._around.tracer.processing(self._around.group, [record]):
                    await self._serve(record, emitter, stopping)
            except Stopped:
                return

    async def _serve(self, record: IncomingRecord, emitter: Emitter, stopping: asyncio.Event) -> None:
        read = decode_command(record, self._sizes)
        waits = Waits(self._around, stopping)
        if isinstance(read, Asked):
            try:
                document = await take(read, self._store, waits)
            except StoreRefused as why:
                self._around.observer.observe(RequestUnwritable(subject(read), why))
                read = unprocessable(read)
            else:
                outputs = await self._import(read, document, emitter, waits)
        if isinstance(read, Rejected):
            outputs = rejected_records(
                read, group=self._around.group, at=self._around.clock(), topics=self._around.topics
            )
        with self._around.tracer.sending(len(outputs)):
            await emitter.emit(outputs, record.offset + 1)
        self._report(read)

    def _report(self, read: Asked[ImportCommand] | Rejected) -> None:
        if isinstance(read, Rejected):
            self._around.observer.observe(DeadLetterWritten(read))
        self._around.observer.observe(report(read))

    async def _import(
        self, asked: Asked[ImportCommand], document: ImportDocument, emitter: Emitter, waits: Waits
    ) -> Sequence[OutgoingRecord]:
        """What is told at the end of an import.

        Raises:
            Stopped: it is not at its end.
        """
        if document.digest != asked.digest:
            return failed_records(asked, "request_id_reused", self._around.topics)
        checkpoint = Checkpoint(document, asked.record, self._store, waits)
        if document.state == "running":
            moved_by = f"{self._shard}@{asked.record.offset}"
            document = await self._watched(ImportRun(checkpoint, waits, emitter, self._chunk_size, moved_by))
        if document.report is not None:
            await waits.unless_stopped(lambda: waits.mongo(lambda: self._store.forget_rejects(document.id)))
        return told_records(document, await checkpoint.shards(), asked.record, self._around.topics)

    async def _watched(self, run: ImportRun) -> ImportDocument:
        """Take an import to its end, and say for how long it is under way here."""
        self._around.observer.observe(ImportStarted(run.checkpoint.document))
        try:
            return await run.finish()
        finally:
            self._around.observer.observe(ImportLeft(run.checkpoint.document))


def subject(asked: Asked[ImportCommand]) -> Subject:
    """A command by its ids and its place."""
    record, command = asked.record, asked.request
    return Subject(record.topic, record.partition, record.offset, command.request_id, command.campaign_id)


def unprocessable(asked: Asked[ImportCommand]) -> Rejected:
    """A command that is readable and yet cannot be served."""
    return Rejected(
        reason="unprocessable",
        detail=UNPROCESSABLE,
        record=asked.record,
        request_id=asked.request.request_id,
        campaign_id=asked.request.campaign_id,
    )


def report(read: Asked[ImportCommand] | Rejected) -> BatchReport:
    """One command by figures: only dead letters are counted here, rows and ends are told on the way."""
    rejected = [read] if isinstance(read, Rejected) else []
    first = read.record
    return BatchReport(
        topic=first.topic,
        partition=first.partition,
        first_offset=first.offset,
        last_offset=first.offset,
        outcomes={},
        refusals={},
        rejections=Counter(one.reason for one in rejected),
        repeats=0,
        replies_refused=0,
    )
