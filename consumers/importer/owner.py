"""One import and the run that owns it: claimed, then moved from state to state.

In:       a command; the document's next states; plans of chunks.
Out:      `ImportOwner.document`, which is what the database has.
Promise:  a write with a conflict is retried, one whose answer was lost is not done twice, and a run that another one
          has taken over from writes nothing. Only a command of which nothing is written yet can become a dead letter;
          later the import's document says what was refused.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, ParamSpec, TypeVar
from uuid import uuid4

from consumers.importer.attempts import Attempts
from consumers.importer.context import ImporterContext
from consumers.importer.publisher import ProgressPublisher
from consumers.importer.waits import UNTIL_CANCELLED, Limits, Waits
from handlers.imports.chunk_size import ChunkSize
from handlers.imports.plan import ChunkFacts, ChunkPlan, DraftedChunk, LastChunk, last_chunk
from handlers.imports.progress import begun
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import ChunkTooSlow, FactsStale, ImportFailed, PartitionFenced, StoreRefused, StoreUnavailable
from schemas.observation.imports import ChunkHalved
from schemas.records import Asked, IncomingRecord
from schemas.requests import ImportCommand
from stores.import_port import ImportStore

GRACE_S: Final = 3.0
"""Seconds that a chunk under way may still take after a stop or a cancellation. Most take a fraction of one."""

T = TypeVar("T")
P = ParamSpec("P")


async def claim(asked: Asked[ImportCommand], store: ImportStore, waits: Waits) -> ImportDocument:
    """Start an import, or take over the one with this id; one that has ended or has other content stays as it is.

    Raises:
        StoreRefused: the database refuses the document of an import that has not begun, or has one that cannot be
            read. A refused take-over is retried without end: a dead letter would contradict the document.
        Stopped: the process stops first.
    """
    attempts = Attempts(waits, asked.record, asked.request.request_id, asked.request.campaign_id)
    while True:
        found = None
        try:
            found = await waits.mongo.run(store.find, asked.request.request_id)
            return await claim_found(found, asked, store, waits)
        except (FactsStale, StoreRefused) as why:
            if attempts.failed(why) and found is None:
                raise
        await attempts.pause()


async def claim_found(
    found: ImportDocument | None, asked: Asked[ImportCommand], store: ImportStore, waits: Waits
) -> ImportDocument:
    """Raises FactsStale if another run did the same at the same time, and StoreRefused."""
    run = uuid4().hex
    if found is None:
        document = begun(asked, run=run, now=waits.context.clock())
        await waits.mongo.run(store.create, document)
        return document
    if found.state != "running" or found.digest != asked.digest:
        return found
    document = found.model_copy(update={"run": run})
    await waits.mongo.run(store.replace, found, document)
    return document


@dataclass(slots=True)
class ImportOwner:
    """Lives for one import on one partition; makes every write to the import's document."""

    document: ImportDocument
    cause: IncomingRecord
    shard: str
    """The command's partition without the topic prefix."""
    store: ImportStore
    waits: Waits
    size: ChunkSize
    publisher: ProgressPublisher
    last: LastChunk | None = field(init=False, default=None)
    """The chunk that was applied last; None if that is uncertain."""
    salt: bytes = field(init=False, default=b"", repr=False)
    """The campaign's; known once the import loads."""
    applies: int = field(init=False, default=0)
    """Tries of `apply` that are over."""

    @property
    def context(self) -> ImporterContext:
        """What all partitions share."""
        return self.waits.context

    async def apply(self, plan: ChunkPlan, drafted: DraftedChunk, facts: ChunkFacts) -> None:
        """Write a chunk in one transaction; after a stop or a cancellation it has `GRACE_S` to finish.

        Raises:
            FactsStale, ChunkTooSlow, StoreRefused: see `ImportStore.apply`.
            Stopped, ImportFailed: the time is over. The chunk may be written or not.
        """
        self.last = None
        try:
            policy = self.waits.mongo.until(Limits(GRACE_S, GRACE_S))
            await policy.run(self._unless_smallest, plan.rows, self.store.apply, plan)
        finally:
            self.applies += 1
        self.document = plan.after
        self.last = last_chunk(plan, drafted, facts)

    async def move(self, after: ImportDocument, *, gives_up: bool = True) -> bool:
        """Write the document's next state; False if it is no longer in the state that `after` was made from.

        That happens when an earlier write timed out and was done nevertheless; `document` is then up to date.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped: the process stops first.
            StoreRefused: the database refuses it, in `worker.attempts_max` repetitions; only if it `gives_up`.
        """
        attempts = self.attempts()
        while True:
            before = self.document
            try:
                await self.waits.mongo.run(self.store.replace, before, after)
            except (FactsStale, StoreRefused) as why:
                failure = why
            else:
                self.document = after
                return True
            await self.refresh()
            if stage(self.document) != stage(before):
                return stage(self.document) == stage(after)
            if attempts.failed(failure) and gives_up:
                raise failure
            await attempts.pause()

    async def refresh(self) -> None:
        """Read the document again: a write whose answer was lost may have been done.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped: the process stops first.
        """
        self.document = await self.waits.mongo.run(self.still_ours)

    async def still_ours(self) -> ImportDocument:
        """The document. Raises PartitionFenced if another run has taken the import over, or it cannot be read."""
        try:
            found = await self.store.find(self.document.id)
        except StoreRefused as why:
            raise PartitionFenced(f"the import's document was changed by hand: {why}") from None
        if found is None or found.run != self.document.run:
            raise PartitionFenced("another run has taken this import over")
        return found

    async def shards(self) -> Sequence[InventoryDocument]:
        """This partition's shards of the import's campaign.

        Raises:
            Stopped: the process stops.
            StoreRefused: one was changed by hand, and cannot be read.
        """
        return await self.waits.mongo.run(self.store.shards, self.document.campaign_id)

    async def find_salt(self) -> None:
        """Read the campaign's salt, or make it.

        Raises:
            StoreRefused: it is lost, in `worker.attempts_max` repetitions.
            Stopped, ImportFailed: the process stops, or the import is cancelled.
        """
        attempts, policy = self.attempts(), self.waits.mongo.until(UNTIL_CANCELLED)
        while not self.salt:
            try:
                self.salt = await policy.run(self.store.salt, self.document.campaign_id)
            except StoreRefused as why:
                if attempts.failed(why):
                    raise
                await attempts.pause(UNTIL_CANCELLED)

    async def check_open(self) -> None:
        """Raises ImportFailed if the campaign is closed; Stopped, if the process stops."""
        policy = self.waits.mongo.until(UNTIL_CANCELLED)
        if await policy.run(self.store.is_closed, self.document.campaign_id):
            raise ImportFailed("campaign_closed")

    async def mark(self) -> str | None:
        """See `ImportStore.mark`."""
        return await self.waits.mongo.until(UNTIL_CANCELLED).run(self.store.mark, self.document.campaign_id)

    def attempts(self) -> Attempts:
        """The tries of a new write."""
        return Attempts(self.waits, self.cause, self.document.id, self.document.campaign_id)

    def too_large(self, rows: int, why: ChunkTooSlow | FactsStale | StoreRefused) -> None:
        """A chunk of `rows` rows failed: the next ones have fewer."""
        timed_out_s = why.timed_out_s if isinstance(why, ChunkTooSlow) else None
        if self.size.failed(rows, timed_out_s=timed_out_s):
            self.context.observer.observe(ChunkHalved(self.document, self.size.rows, why))

    async def look_up(self, drafted: DraftedChunk) -> Mapping[str, str]:
        """Those of a chunk's codes that the campaign has.

        Raises:
            ChunkTooSlow: see `ImportStore.look_up`.
            Stopped, ImportFailed: the process stops, or the import is cancelled.
        """
        rows, campaign_id = drafted.chunk.rows, self.document.campaign_id
        policy = self.waits.mongo.until(UNTIL_CANCELLED)
        return await policy.run(self._unless_smallest, rows, self.store.look_up, drafted.drafts, campaign_id)

    async def _unless_smallest(
        self, rows: int, work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """The work's result; a database that is too slow for the smallest chunk is unavailable."""
        try:
            return await work(*args, **options)
        except ChunkTooSlow as why:
            if rows > self.size.rows_min:
                raise
            raise StoreUnavailable(str(why)) from None


def stage(document: ImportDocument) -> tuple[str, str | None, int]:
    """What every write but a take-over changes."""
    return document.state, document.etag, document.position
