"""An import's progress, published now and then while it runs.

In:       the import's document, and the shards that its chunks changed.
Out:      records for `imports.v1` and `inventory.v1`, in Kafka transactions of their own that move no offset.
Promise:  no more often than `importer.progress_every_s` asks for. What is left unpublished at the end goes out with
          the end event, which has all shards.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from consumers.importer.context import ImporterContext
from consumers.importer.outputs import progress_records
from producers.emitters import Emitter
from schemas.documents import ImportDocument, InventoryDocument
from schemas.records import IncomingRecord


@dataclass(slots=True)
class ProgressPublisher:
    """Lives for one import on one partition."""

    context: ImporterContext
    cause: IncomingRecord
    emitter: Emitter
    unpublished: dict[str, InventoryDocument] = field(default_factory=dict)
    """Shards changed since they were last published."""
    published_at_s: float = 0.0

    async def publish(self, document: ImportDocument) -> None:
        """Say how far the import is. Raises EmitFailed, PartitionFenced: see `Emitter.emit`."""
        records = progress_records(document, self.unpublished.values(), self.cause, self.context.topics)
        with self.context.tracer.sending(len(records)):
            await self.emitter.emit(records, None)
        self.unpublished = {}
        self.published_at_s = asyncio.get_running_loop().time()

    def changed(self, shards: Iterable[InventoryDocument]) -> None:
        """A chunk that is written changed these shards; the next event has them, also that of the import's end."""
        self.unpublished |= {shard.id: shard for shard in shards}

    async def publish_if_due(self, document: ImportDocument) -> None:
        """The same as `publish`, if the last time is long enough past."""
        if asyncio.get_running_loop().time() - self.published_at_s >= self.context.settings.progress_every_s:
            await self.publish(document)
