"""Prepared chunks into the database, cut as small as it needs them.

In:       prepared chunks, in order.
Out:      what each write came to; the checkpoint, moved with it.
Promise:  where an import goes on is what its document says, and nothing else: rows up to there are written, those
          after it are not. So a chunk that was too slow is cut in two at a row's end, and a write that was given up
          and yet done is counted once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from consumers.importer.checkpoint import Checkpoint
from consumers.loop.retry import step_aside
from handlers.imports.chunk_size import ChunkSize
from handlers.imports.chunks import Chunk, cut, since
from schemas.errors import ChunkTooSlow, FactsStale, PartitionFenced, StoreRefused, StoreUnavailable
from schemas.observation.imports import ChunkGrown, ChunkHalved
from stores.import_port import Prepared, Written

GRACE_S: Final = 3.0
"""Seconds that a chunk under way may still take after a stop or a cancellation. Most take a fraction of one."""
CONFLICTS_TO_HALVE: Final = 4
"""Conflicts of one chunk in a row. Servers before MongoDB 6.2 report them for ever for a transaction that their cache
cannot hold."""

OnWritten = Callable[[Written, int, float], Awaitable[None]]
"""Given what a write came to, how many rows it had, and how many seconds it took, retries included."""


@dataclass(slots=True)
class ChunkWriter:
    """Lives for one run."""

    checkpoint: Checkpoint
    size: ChunkSize
    moved_by: str
    """The command's record, `<shard>@<offset>`."""
    on_written: OnWritten
    _parts: int = field(init=False, default=0)
    """Into so many parts the last chunk was cut."""

    async def write(self, prepared: Prepared) -> None:
        """Write a chunk, in parts if the database needs that.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped, ImportFailed: told to stop, or cancelled. A write that was under way may be done or not.
            StoreRefused: the database does not take it, in `worker.attempts_max` tries.
        """
        is_fresh = self._parts <= 1  # it was looked up while the one before it was written, which was one write
        self._parts = 0
        while (rest := self._rest(prepared.chunk)) is not None:
            began_s, rows_read = monotonic(), self.checkpoint.document.rows_read
            written = await self._part(prepared, rest, is_fresh=is_fresh)
            self._parts += 1
            await self.on_written(written, written.document.rows_read - rows_read, monotonic() - began_s)

    def _rest(self, chunk: Chunk) -> Chunk | None:
        """What is not written of a chunk.

        Raises:
            PartitionFenced: the document is at no row's end of it, so somebody else has moved it.
        """
        position = self.checkpoint.document.position
        rest = since(chunk, position)
        if rest is not None and rest.start.byte != position:
            raise PartitionFenced("the import is not where this run left it")
        return rest

    async def _part(self, prepared: Prepared, rest: Chunk, *, is_fresh: bool) -> Written:
        """Write as many of these rows as may be in one transaction, however often others disturb that."""
        attempt, began_s = 0, monotonic()
        while True:
            self.checkpoint.waits.check()
            part, _ = cut(rest, self.size.rows)
            if part is not prepared.chunk or not is_fresh or attempt:
                prepared = await self._looked_up(prepared, part)
            if (written := await self._tried(prepared, attempt, began_s)) is not None:
                return written
            attempt += 1

    async def _looked_up(self, prepared: Prepared, part: Chunk) -> Prepared:
        """The part, looked up after all that is written."""
        store, document, waits = self.checkpoint.store, self.checkpoint.document, self.checkpoint.waits
        ready = prepared
        if part is not prepared.chunk:
            at = waits.around.clock()
            ready = await asyncio.to_thread(store.prepare, part, document, moved_by=self.moved_by, at=at)
        return await waits.unless_told(lambda: waits.mongo(lambda: store.look_up(ready, document.campaign_id)))

    async def _tried(self, ready: Prepared, attempt: int, began_s: float) -> Written | None:
        """One try; None if it is to be repeated."""
        before, rows, try_began_s = self.checkpoint.document, ready.chunk.rows, monotonic()
        disturbance: FactsStale | StoreRefused | None = None
        try:
            return await self._written(ready)
        except ChunkTooSlow as why:
            self._halve(rows, monotonic() - try_began_s, why)
        except (FactsStale, StoreRefused) as why:
            disturbance = why
        await self.checkpoint.refresh()
        if self.checkpoint.document.position != before.position:
            return Written(self.checkpoint.document, await self.checkpoint.shards())
        if disturbance is not None:
            self.checkpoint.disturbed(disturbance, attempt)
            if attempt % CONFLICTS_TO_HALVE == CONFLICTS_TO_HALVE - 1:
                self._halve(rows, monotonic() - began_s, disturbance)
        await self.checkpoint.waits.unless_told(lambda: step_aside(attempt))
        return None

    async def _written(self, ready: Prepared) -> Written:
        waits, began_s = self.checkpoint.waits, monotonic()
        written = await waits.unless_told(
            lambda: waits.mongo(lambda: self._write(ready)), stop_grace_s=GRACE_S, cancel_grace_s=GRACE_S
        )
        self.checkpoint.document = written.document
        if self.size.went_well(ready.chunk.rows, monotonic() - began_s):
            waits.around.observer.observe(ChunkGrown(written.document, self.size.rows))
        return written

    async def _write(self, ready: Prepared) -> Written:
        store, document = self.checkpoint.store, self.checkpoint.document
        try:
            return await store.write_chunk(ready, document, at=self.checkpoint.waits.around.clock())
        except ChunkTooSlow as why:
            if ready.chunk.rows > self.size.rows_min:
                raise
            raise StoreUnavailable(str(why)) from None  # so few rows are not to blame

    def _halve(self, rows: int, seconds: float, why: ChunkTooSlow | FactsStale | StoreRefused) -> None:
        if self.size.too_slow(rows, seconds):
            self.checkpoint.waits.around.observer.observe(ChunkHalved(self.checkpoint.document, self.size.rows, why))
