"""An import's document in the hands of one run: begun or taken over, then moved from chunk to chunk.

In:       a command; chunks; the document's next states.
Out:      `Checkpoint.document`, which is what the database has.
Promise:  a write that others disturbed is tried again, one whose answer got lost is not done twice, and one by a run
          that has been taken over from is not done at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import uuid4

from consumers.ahead import Stopped
from consumers.import_surroundings import ImportSurroundings
from consumers.observer import Subject
from consumers.waiting import step_aside, wait_out
from handlers.imports import begun
from schemas.documents import ImportDocument
from schemas.errors import FactsStale, PartitionFenced, StoreRefused, StoreUnavailable
from schemas.records import Asked, IncomingRecord
from schemas.requests import ImportCommand
from stores.import_port import ImportStore, Prepared, Written

T = TypeVar("T")


async def take(asked: Asked[ImportCommand], store: ImportStore, around: ImportSurroundings) -> ImportDocument:
    """Begin an import, or take over the one of this id; one that has ended or has other content stays as it is."""
    attempt = 0
    while True:
        try:
            return await waited(lambda: take_once(asked, store, around), around)
        except FactsStale as why:
            around.observer.conflict(asked.record.topic, asked.record.partition, why.cause)
            await step_aside(attempt)
            attempt += 1


async def take_once(asked: Asked[ImportCommand], store: ImportStore, around: ImportSurroundings) -> ImportDocument:
    """Raises FactsStale if another run did the same at the same time."""
    run = uuid4().hex
    found = await store.find(asked.request.request_id)
    if found is None:
        document = begun(asked, run=run, now=around.clock())
        await store.create(document)
        return document
    if found.state != "running" or found.digest != asked.digest:
        return found
    document = found.model_copy(update={"run": run})
    await store.replace(found, document)
    return document


@dataclass(slots=True)
class Checkpoint:
    """Lives for one run."""

    document: ImportDocument
    cause: IncomingRecord
    store: ImportStore
    around: ImportSurroundings
    stopping: asyncio.Event

    async def move(self, after: ImportDocument, is_done: Callable[[ImportDocument], bool]) -> None:
        """Write the document's next state; `is_done` knows it again.

        Raises:
            PartitionFenced, Stopped: see `write`.
        """
        await self._written(lambda _attempt: self.store.replace(self.document, after), is_done)
        self.document = after

    async def write(self, prepared: Prepared) -> Written:
        """Write a chunk.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped: others were faster, and there is no time to try again. Nothing was written.
            StoreRefused: the database does not take it, in `worker.attempts_max` tries.
        """

        def is_done(found: ImportDocument) -> bool:
            return found.position == prepared.chunk.end.byte

        async def write(attempt: int) -> Written:
            fresh = await self.store.look_up(prepared, self.document.campaign_id) if attempt else prepared
            return await self.store.write_chunk(fresh, self.document, at=self.around.clock())

        written = await self._written(write, is_done)
        if written is None:
            written = await waited(self._as_it_is, self.around)
        self.document = written.document
        return written

    async def _written(
        self, write: Callable[[int], Awaitable[T]], is_done: Callable[[ImportDocument], bool]
    ) -> T | None:
        """What the write gives; None if it turns out that an earlier try, of which nothing was heard, did it.

        `write` is told how many tries failed before.

        A refusal is believed only when it is repeated: when the next owner ends this one's session in the midst of
        a write, servers have various words for that.
        """
        attempt = 0
        while True:
            try:
                return await waited(partial(write, attempt), self.around)
            except FactsStale as why:
                self.around.observer.conflict(self.cause.topic, self.cause.partition, why.cause)
            except StoreRefused as why:
                self.around.observer.store_refused(self.cause.topic, why.cause)
                if attempt >= self.around.limits.attempts_max and not await self._is_done(is_done):
                    self.around.observer.refused(self._subject, why)
                    raise
            if await self._is_done(is_done):
                return None
            if self.stopping.is_set():
                raise Stopped("others were faster")
            await step_aside(attempt)
            attempt += 1

    @property
    def _subject(self) -> Subject:
        cause, document = self.cause, self.document
        return Subject(cause.topic, cause.partition, cause.offset, document.id, document.campaign_id)

    async def _is_done(self, is_done: Callable[[ImportDocument], bool]) -> bool:
        """Whether a try of which nothing was heard did it; asked before a refusal is believed, too."""
        return is_done(await waited(self._still_ours, self.around))

    async def _still_ours(self) -> ImportDocument:
        found = await self.store.find(self.document.id)
        if found is None or found.run != self.document.run:
            raise PartitionFenced("another run has taken this import over")
        return found

    async def _as_it_is(self) -> Written:
        return Written(await self._still_ours(), await self.store.shards(self.document.campaign_id))


async def waited(work: Callable[[], Awaitable[T]], around: ImportSurroundings) -> T:
    """Wait out a database that is away."""
    return await wait_out(work, "mongo", around.observer, away=StoreUnavailable, backoff_max_s=around.backoff_max_s)
