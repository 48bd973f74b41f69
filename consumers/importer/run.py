"""One import from its object to its end: fetch, gather, plan, apply, publish, chunk by chunk.

In:       an import that this run owns; S3.
Out:      the import's document, ended; progress events before that.
Promise:  the counts are always those of the rows that are written. An import that fails or is cancelled keeps its
          rows and ends with a reason; at a stop it does not end, and another process continues it. The document alone
          says where: rows up to its position are written, later ones are not. So a chunk that is too slow is cut at a
          row's end, and a write that timed out and was done nevertheless is counted once.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Literal

from consumers.importer.attempts import Attempts
from consumers.importer.chunk_source import ChunkSource, FetchedChunk, draft, place_of_object
from consumers.importer.owner import ImportOwner
from consumers.importer.report import report_of_import
from consumers.importer.waits import CANCELLED, UNTIL_CANCELLED
from consumers.loop.prefetch import prefetched
from handlers.imports.chunks import Chunk, cut, since
from handlers.imports.plan import ChunkFacts, DraftedChunk, plan_chunk
from handlers.imports.progress import ended, located, why_not_loadable
from schemas.documents import ImportDocument, InventoryDocument
from schemas.errors import ChunkTooSlow, FactsStale, ImportFailed, PartitionFenced, StoreRefused
from schemas.observation.imports import ChunkGrown, ChunkWritten, ImportEnded

DATABASE_REFUSED: Final = "database_refused"
FAILURES_TO_HALVE: Final = 4
"""Conflicts or refusals of one chunk. Servers before MongoDB 6.2 report conflicts for ever for a transaction that
their cache cannot hold."""


async def run_import(owner: ImportOwner) -> None:
    """Take an import to its end.

    Raises:
        Stopped: the process stops; written rows stay.
        PartitionFenced: another run has taken the import over.
        EmitFailed: Kafka did not take a progress event.
    """
    await owner.publisher.publish(owner.document)
    async with owner.waits.watching(owner.store.is_cancelled, owner.document.id):
        await end(owner, await load(owner))


async def load(owner: ImportOwner) -> ImportFailed | None:
    """Load the rest of the object; the failure if part of it cannot be loaded."""
    try:
        await locate(owner)
        await owner.find_salt()
        async with aclosing(prefetched(ChunkSource(owner).chunks())) as chunks:
            while fetched := await owner.waits.bounded(UNTIL_CANCELLED, fetch, chunks):
                await write(owner, fetched)
    except ImportFailed as why:
        return why
    except StoreRefused:
        return ImportFailed(DATABASE_REFUSED)
    return None if owner.document.rows_read else ImportFailed("empty")


async def locate(owner: ImportOwner) -> None:
    """Look at the object once; from then on it must stay the same.

    Raises:
        ImportFailed: it cannot be read, or has a size that cannot be loaded.
        StoreRefused: the database refuses what was found.
    """
    context = owner.context
    while owner.document.etag is None:
        place = place_of_object(owner.document)
        seen = await owner.waits.s3.until(UNTIL_CANCELLED).run(context.objects.look, place)
        await owner.move(
            located(owner.document, etag=seen.etag, size_bytes=seen.size_bytes, gzip=seen.gzip, now=context.clock())
        )
    reason = why_not_loadable(owner.document, context.settings)
    if reason is not None:
        raise ImportFailed(reason)


async def fetch(chunks: AsyncGenerator[FetchedChunk, None]) -> FetchedChunk | None:
    """The next chunk; None at the object's end."""
    return await anext(chunks, None)


async def write(owner: ImportOwner, fetched: FetchedChunk) -> None:
    """Write a chunk, in as many parts as the database needs, and publish the import's progress."""
    context, clock = owner.context, asyncio.get_running_loop().time
    context.failpoint.reached("before_chunk")
    with context.tracer.chunk(fetched.drafted.chunk.rows):
        while (rest := rest_of(fetched.drafted.chunk, owner.document)) is not None:
            began_s, rows_read = clock(), owner.document.rows_read
            shards = await write_part(owner, fetched, rest)
            owner.publisher.changed(shards)
            context.observer.observe(ChunkWritten(owner.document.rows_read - rows_read, clock() - began_s))
            context.failpoint.reached("after_chunk")
            owner.waits.turned()
            owner.waits.check()
            await owner.publisher.publish_if_due(owner.document)


async def write_part(owner: ImportOwner, fetched: FetchedChunk, rest: Chunk) -> Sequence[InventoryDocument]:
    """Write as many of these rows as fit into one transaction; gives the shards that changed.

    Raises:
        PartitionFenced: another run has taken the import over.
        Stopped, ImportFailed: the process stops, or the import is cancelled. The last write may be done or not.
        StoreRefused: the database refuses the write permanently.
    """
    attempts = owner.attempts()
    while True:
        owner.waits.check()
        before, rows = owner.document, min(rest.rows, owner.size.rows)
        try:
            return await try_part(owner, fetched, cut(rest, rows)[0], is_first=attempts.count == 0)
        except ChunkTooSlow as why:
            owner.too_large(rows, why)
            failure: FactsStale | StoreRefused | None = None
        except (FactsStale, StoreRefused) as why:
            failure = why
        await owner.refresh()
        if owner.document.position != before.position:
            return await owner.shards()  # the write was done, only its answer was lost
        if failure is not None:
            await after_failure(owner, attempts, failure, rows)


async def after_failure(
    owner: ImportOwner, attempts: Attempts, failure: FactsStale | StoreRefused, rows: int
) -> None:
    """Count a try that wrote nothing, and pause. Raises StoreRefused if the database refuses it permanently."""
    if attempts.failed(failure):
        raise failure
    if attempts.count % FAILURES_TO_HALVE == 0:
        owner.too_large(rows, failure)
    await attempts.pause(UNTIL_CANCELLED)


async def try_part(
    owner: ImportOwner, fetched: FetchedChunk, part: Chunk, *, is_first: bool
) -> Sequence[InventoryDocument]:
    """Gather, plan and apply once. The prefetched look-up serves only the first try of the whole chunk."""
    size, clock = owner.size, asyncio.get_running_loop().time
    is_whole = part is fetched.drafted.chunk
    drafted = fetched.drafted if is_whole else await asyncio.to_thread(draft, part, owner)
    facts = await gather(owner, drafted, fetched if is_whole and is_first else None)
    plan = plan_chunk(
        drafted, owner.document, facts, shard=owner.shard, chunk_rows=size.learned, now=owner.context.clock()
    )
    began_s = clock()
    await owner.apply(plan, drafted, facts)
    if size.went_well(part.rows, clock() - began_s):
        owner.context.observer.observe(ChunkGrown(owner.document, size.rows))
    return [change.after for change in plan.shards]


async def gather(owner: ImportOwner, drafted: DraftedChunk, fetched: FetchedChunk | None) -> ChunkFacts:
    """What the plan is made from.

    `fetched` has the prefetched look-up, if that may be used. It may have missed the last chunk, but no earlier one.

    Raises:
        ImportFailed: the campaign is closed.
    """
    existing = None if fetched is None else fetched.existing
    is_current = fetched is not None and fetched.applies >= owner.applies - (owner.last is not None)
    if existing is None or not is_current:
        existing = await owner.look_up(drafted)
    mark = await owner.mark()
    if owner.last is None:  # otherwise the last chunk's shards are open, and the write is guarded by that
        await owner.check_open()
        return ChunkFacts(existing, await owner.shards(), mark)
    return ChunkFacts({**existing, **owner.last.codes_among(drafted.drafts)}, owner.last.shards, mark)


async def end(owner: ImportOwner, failure: ImportFailed | None) -> None:
    """Write the report, then the end; both again if a chunk that timed out turns out to be written."""
    context = owner.context
    while True:
        await owner.refresh()
        report, why_none = await report_of_import(owner)
        if failure is None and owner.waits.cancelled.is_set():
            failure = ImportFailed(CANCELLED)
        state: Literal["completed", "failed"] = "completed" if failure is None else "failed"
        reason = why_none if failure is None else failure.reason
        after = ended(owner.document, state, reason, report, now=context.clock())
        context.failpoint.reached("before_import_end")
        if await owner.move(after, gives_up=False):
            break
    context.observer.observe(ImportEnded(after))


def rest_of(chunk: Chunk, document: ImportDocument) -> Chunk | None:
    """The rows of a chunk that are not written yet.

    Raises:
        PartitionFenced: the document's position is no row's end, so another run has moved it.
    """
    rest = since(chunk, document.position)
    if rest is not None and rest.start.byte != document.position:
        raise PartitionFenced("the import is not where this run left it")
    return rest
