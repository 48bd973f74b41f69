"""Stores of imports on a real MongoDB that refuse, take too long, or let something happen at a certain moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import ClassVar

from handlers.imports.plan import ChunkPlan, Draft
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument
from schemas.errors import ChunkTooSlow, FactsStale, StoreRefused, StoreUnavailable
from stores.mongo.imports import MongoImportStore


class ReadsFail(MongoImportStore):
    """Every other read fails, as while a node starts."""

    reads = 0

    def _read(self) -> None:
        self.reads += 1
        if self.reads % 2:
            raise StoreUnavailable("133", "server_error")

    async def find(self, import_id: str) -> ImportDocument | None:
        """See `ImportStore.find`."""
        self._read()
        return await super().find(import_id)

    async def look_up(self, drafts: Mapping[str, Draft], campaign_id: str) -> Mapping[str, str]:
        """See `ImportStore.look_up`."""
        self._read()
        return await super().look_up(drafts, campaign_id)

    async def is_cancelled(self, import_id: str) -> bool:
        """See `ImportStore.is_cancelled`."""
        self._read()
        return await super().is_cancelled(import_id)

    async def shards(self, campaign_id: str) -> Sequence[InventoryDocument]:
        """See `ImportStore.shards`."""
        self._read()
        return await super().shards(campaign_id)

    async def rejects(self, import_id: str) -> AsyncIterator[RejectsDocument]:
        """See `ImportStore.rejects`."""
        self._read()
        async for document in super().rejects(import_id):
            yield document

    async def forget_rejects(self, import_id: str) -> None:
        """See `ImportStore.forget_rejects`."""
        self._read()
        await super().forget_rejects(import_id)


class LocationRefused(MongoImportStore):
    """The write of the object's facts is refused, as by a validator of another version."""

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        if before.etag is None and after.etag is not None:
            raise StoreRefused("121")
        await super().replace(before, after)


class ChunksRefused(MongoImportStore):
    """Chunks are refused from the third on."""

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        if plan.before.rows_read >= 100:
            raise StoreRefused("121")
        await super().apply(plan)


class TakingRefused(MongoImportStore):
    """The document of a new import is refused."""

    async def create(self, document: ImportDocument) -> None:
        """See `ImportStore.create`."""
        raise StoreRefused("121")


class EndRefused(MongoImportStore):
    """The end is refused many more times than the importer tries, until an operator corrects the validator."""

    refusals = 20

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        if after.state != "running" and self.refusals:
            self.refusals -= 1
            raise StoreRefused("121")
        await super().replace(before, after)


class SlowStore(MongoImportStore):
    """Takes time by the row, and may write so many in time. What is too slow is not written."""

    rows_in_time: ClassVar[int] = 30
    row_s: ClassVar[float] = 0.001
    sizes: ClassVar[list[int]] = []

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        rows = plan.rows
        self.sizes.append(rows)
        await asyncio.sleep(min(rows, self.rows_in_time) * self.row_s)
        if rows > self.rows_in_time:
            raise ChunkTooSlow("NetworkTimeout []", timed_out_s=self.rows_in_time * self.row_s)
        await super().apply(plan)


class SlowAtFirst(SlowStore):
    """Slow for the first import, and quick for others."""

    row_s: ClassVar[float] = 0.03

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        if plan.before.id == "i1":
            await super().apply(plan)
        else:
            await MongoImportStore.apply(self, plan)


class LateStore(SlowStore):
    """The same, but what is too slow is written all the same, every other time."""

    late = 0

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        try:
            await super().apply(plan)
        except ChunkTooSlow:
            self.late += 1
            if self.late % 2:
                await MongoImportStore.apply(self, plan)
            raise


class HeldUp(MongoImportStore):
    """Something happens before or after the rejected rows are read."""

    hooks: ClassVar[Mapping[str, Callable[[], Awaitable[None]]]] = {}

    async def rejects(self, import_id: str) -> AsyncIterator[RejectsDocument]:
        """See `ImportStore.rejects`."""
        for moment in ("before", "after"):
            if moment in self.hooks:
                await self.hooks[moment]()
            if moment == "before":
                async for document in super().rejects(import_id):
                    yield document


class ContendedStore(MongoImportStore):
    """A server whose cache holds no more than so many rows, and which calls that a conflict."""

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        if plan.rows > 30:
            raise FactsStale("OperationFailure [112]", "write_conflict")
        await super().apply(plan)


class DeafStore(MongoImportStore):
    """A store whose every third answer gets lost after the write."""

    calls = 0

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        await super().apply(plan)
        self._lose()

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        await super().replace(before, after)
        self._lose()

    async def create(self, document: ImportDocument) -> None:
        """See `ImportStore.create`."""
        await super().create(document)
        raise StoreUnavailable("the answer was lost")

    def _lose(self) -> None:
        self.calls += 1
        if self.calls % 3 == 1:
            raise StoreUnavailable("the answer was lost")
