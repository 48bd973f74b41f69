"""Import commands of one partition, one after the other: each to its end, or to where the next owner goes on.

In:       records of the command topic, in order.
Out:      progress and end events, inventory events, dead letters.
Promise:  a command's offset moves only together with its import's end event. A repeated command gets the same end
          event, with the same `ce_id`.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from consumers.decode import SizeLimits, decode_command
from consumers.importer.context import ImporterContext
from consumers.importer.outputs import failed_records, progress_records, rejected_records
from consumers.importer.owner import ImportOwner, claim
from consumers.importer.publisher import ProgressPublisher
from consumers.importer.run import run_import
from consumers.importer.waits import Waits
from consumers.loop.prefetch import Stopped
from consumers.loop.retry import RetryPolicy
from handlers.imports.chunk_size import ChunkSize
from producers.emitters import Emitter
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import StoreRefused
from schemas.observation.imports import ImportLeft, ImportStarted
from schemas.observation.requests import BatchReport, DeadLetterWritten
from schemas.records import Asked, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import ImportCommand
from stores.import_port import ImportStore

UNPROCESSABLE: Final = "the import's document cannot be written, or cannot be read"


class ImportPartition:
    """Serves the commands of one partition."""

    def __init__(self, shard: str, store: ImportStore, context: ImporterContext) -> None:
        """`shard` is the partition's name without the topic prefix."""
        self._shard = shard
        self._store = store
        self._context = context
        self._sizes = SizeLimits.of(context.limits, context.formats)
        self._chunk_size = ChunkSize(context.settings.rows_per_chunk_max)

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""
        policy = RetryPolicy("mongo", self._context.observer, self._context.backoff_max_s)
        await policy.run(self._store.take_over)

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """Take commands to their ends; at a stop, return before that.

        Raises:
            PartitionFenced, EmitFailed: see `Emitter.emit`. What is written stays, and the import goes on from there.
        """
        for record in records:
            try:
                with self._context.tracer.processing(self._context.group, [record]):
                    await self._serve(record, emitter, stopping)
            except Stopped:
                return

    async def _serve(self, record: IncomingRecord, emitter: Emitter, stopping: asyncio.Event) -> None:
        context = self._context
        read = decode_command(record, self._sizes)
        if isinstance(read, Asked):
            waits = Waits(context, stopping, (record.topic, record.partition))
            try:
                document = await claim(read, self._store, waits)
            except StoreRefused:
                read = unprocessable(read)
            else:
                outputs = await self._import(read, document, emitter, waits)
        if isinstance(read, Rejected):
            outputs = rejected_records(read, group=context.group, at=context.clock(), topics=context.topics)
        with context.tracer.sending(len(outputs)):
            await emitter.emit(outputs, record.offset + 1)
        if isinstance(read, Rejected):
            context.observer.observe(DeadLetterWritten(read))
        context.observer.observe(report(read))

    async def _import(
        self, asked: Asked[ImportCommand], document: ImportDocument, emitter: Emitter, waits: Waits
    ) -> Sequence[OutgoingRecord]:
        """The records that end an import.

        Raises:
            Stopped: the process stops before that.
        """
        topics = self._context.topics
        if document.digest != asked.digest:
            return failed_records(asked, "request_id_reused", topics)
        publisher = ProgressPublisher(self._context, asked.record, emitter)
        owner = ImportOwner(document, asked.record, self._shard, self._store, waits, self._chunk_size, publisher)
        if document.state == "running":
            await self._run(owner)
        if owner.document.report is not None:
            await waits.mongo.run(self._store.forget_rejects, document.id)
        return progress_records(owner.document, await shards_at_end(owner), asked.record, topics)

    async def _run(self, owner: ImportOwner) -> None:
        """Take an import to its end, and report for how long it is under way here."""
        self._chunk_size.resume(owner.document.chunk_rows)
        self._context.observer.observe(ImportStarted(owner.document))
        try:
            await run_import(owner)
        finally:
            self._context.observer.observe(ImportLeft(owner.document))


async def shards_at_end(owner: ImportOwner) -> Collection[InventoryDocument]:
    """This partition's shards of the campaign; those that changed, where one cannot be read."""
    try:
        return await owner.shards()
    except StoreRefused:
        return owner.publisher.unpublished.values()


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
    """One command by figures: only dead letters are counted here, rows and ends are counted on the way."""
    rejected = [read] if isinstance(read, Rejected) else []
    first = read.record
    return BatchReport(
        topic=first.topic,
        partition=first.partition,
        first_offset=first.offset,
        last_offset=first.offset,
        outcomes={},
        refusals={},
        rejections=Counter(letter.reason for letter in rejected),
        repeats=0,
        replies_refused=0,
    )
