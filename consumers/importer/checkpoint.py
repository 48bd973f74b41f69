"""An import's document in the hands of one run: begun or taken over, then moved from state to state.

In:       a command; the document's next states.
Out:      `Checkpoint.document`, which is what the database has.
Promise:  a write that others disturbed is tried again, one whose answer got lost is not done twice, and one by a run
          that has been taken over from is not done at all. Only a command of which nothing is written yet can be
          refused; what is refused later is for the import's document to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from consumers.importer.waits import Waits
from consumers.loop.retry import step_aside
from handlers.imports.progress import begun
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import FactsStale, PartitionFenced, StoreRefused
from schemas.observation.fact import Observer
from schemas.observation.requests import PlanConflicted, RequestUnwritable, Subject, WriteRefused
from schemas.records import Asked, IncomingRecord
from schemas.requests import ImportCommand
from stores.import_port import ImportStore


async def take(asked: Asked[ImportCommand], store: ImportStore, waits: Waits) -> ImportDocument:
    """Begin an import, or take over the one of this id; one that has ended or has other content stays as it is.

    Raises:
        StoreRefused: the database does not take the document of an import that has not begun, in
            `worker.attempts_max` tries.
        Stopped: told to stop before it was done.
    """
    attempt = 0
    while True:
        found = await waits.unless_stopped(lambda: waits.mongo(lambda: store.find(asked.request.request_id)))
        try:
            return await take_found(found, asked, store, waits)
        except (FactsStale, StoreRefused) as why:
            if found is None and not why.retriable and attempt >= waits.around.limits.attempts_max:
                raise
            disturbance(why, asked.record, waits.around.observer)
        await waits.unless_stopped(lambda: step_aside(attempt))  # noqa: B023  # it is awaited here
        attempt += 1


async def take_found(
    found: ImportDocument | None, asked: Asked[ImportCommand], store: ImportStore, waits: Waits
) -> ImportDocument:
    """Raises FactsStale if another run did the same at the same time, and StoreRefused."""
    run = uuid4().hex
    if found is None:
        document = begun(asked, run=run, now=waits.around.clock())
        await waits.unless_stopped(lambda: waits.mongo(lambda: store.create(document)))
        return document
    if found.state != "running" or found.digest != asked.digest:
        return found
    document = found.model_copy(update={"run": run})
    await waits.unless_stopped(lambda: waits.mongo(lambda: store.replace(found, document)))
    return document


@dataclass(slots=True)
class Checkpoint:
    """Lives for one run."""

    document: ImportDocument
    cause: IncomingRecord
    store: ImportStore
    waits: Waits

    async def move(self, after: ImportDocument, *, gives_up: bool = True) -> bool:
        """Write the document's next state; False if it is not any more in the state that `after` was made from.

        That happens when a write of ours that was given up was done after all; `document` is then as it is now.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped: there is no time to try again.
            StoreRefused: the database does not take it, in `worker.attempts_max` tries; only if it `gives_up`.
        """
        attempt = 0
        while True:
            before = self.document
            try:
                await self.waits.unless_stopped(lambda: self.waits.mongo(lambda: self.store.replace(before, after)))  # noqa: B023  # it is awaited here
            except (FactsStale, StoreRefused) as why:
                failure = why
            else:
                self.document = after
                return True
            await self.refresh()
            if stage(self.document) != stage(before):
                return stage(self.document) == stage(after)
            self.disturbed(failure, attempt, gives_up=gives_up)
            await self.waits.unless_stopped(lambda: step_aside(attempt))  # noqa: B023  # as above
            attempt += 1

    async def refresh(self) -> None:
        """Learn how the document is: a write of which nothing was heard may have been done.

        Raises:
            PartitionFenced: another run has taken the import over.
            Stopped: told to stop before there was an answer.
        """
        self.document = await self.waits.unless_stopped(lambda: self.waits.mongo(self.still_ours))

    async def still_ours(self) -> ImportDocument:
        """The document. Raises PartitionFenced if another run has taken the import over."""
        found = await self.store.find(self.document.id)
        if found is None or found.run != self.document.run:
            raise PartitionFenced("another run has taken this import over")
        return found

    async def shards(self) -> Sequence[InventoryDocument]:
        """This partition's shards of the import's campaign. Raises Stopped."""
        campaign_id = self.document.campaign_id
        return await self.waits.unless_stopped(lambda: self.waits.mongo(lambda: self.store.shards(campaign_id)))

    def disturbed(self, why: FactsStale | StoreRefused, attempt: int, *, gives_up: bool = True) -> None:
        """A write failed after so many others; raises StoreRefused if it is hopeless.

        A refusal is believed only when it is repeated, and when no earlier try moved the document: refresh it first.
        """
        cause, observer = self.cause, self.waits.around.observer
        if not why.retriable and attempt and attempt % self.waits.around.limits.attempts_max == 0:
            document = self.document
            observer.observe(
                RequestUnwritable(
                    Subject(cause.topic, cause.partition, cause.offset, document.id, document.campaign_id), why
                )
            )
            if gives_up:
                raise why
        disturbance(why, cause, observer)


def disturbance(why: FactsStale | StoreRefused, cause: IncomingRecord, observer: Observer) -> None:
    """Count a write that is tried again."""
    if isinstance(why, StoreRefused):
        observer.observe(WriteRefused(cause.topic, why.cause))
    else:
        observer.observe(PlanConflicted(cause.topic, cause.partition, why.cause))


def stage(document: ImportDocument) -> tuple[str, str | None, int]:
    """What every write but a take-over changes."""
    return document.state, document.etag, document.position
