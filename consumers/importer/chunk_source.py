"""An object to chunks that are ready to be planned: fetched, unfolded, parsed, drafted and looked up.

In:       an import that knows its object.
Out:      `FetchedChunk`s, from the place that the import has reached.
Promise:  a thread does the work, in steps of one piece of text, so that the event loop stays free. One range is
          prefetched, and a chunk is looked up while the one before it is written. An object that cannot be read
          further raises after the rows before that place.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from consumers.importer.owner import ImportOwner
from consumers.loop.prefetch import prefetched
from handlers.imports.chunks import Chunk, Chunker
from handlers.imports.plan import DraftedChunk, drafted
from handlers.imports.progress import columns_of, place_of
from handlers.imports.rows import RowReader
from handlers.imports.texts import GzipText, PlainText
from schemas.documents import ImportDocument
from schemas.errors import ChunkTooSlow, ImportFailed, StoreRefused, StoreUnavailable
from schemas.settings import ImporterSettings
from stores.import_port import ObjectPlace


class Range(NamedTuple):
    """Some bytes of the object."""

    data: bytes
    final: bool
    """None come after them."""


@dataclass(frozen=True, slots=True)
class FetchedChunk:
    """A chunk with its prefetched look-up."""

    drafted: DraftedChunk
    existing: Mapping[str, str] | None
    """Those of its codes that the campaign had; None: not looked up."""
    applies: int
    """How many tries to write a chunk were over when the look-up began."""


@dataclass(frozen=True, slots=True)
class ChunkSource:
    """Reads one object once."""

    owner: ImportOwner

    async def chunks(self) -> AsyncGenerator[FetchedChunk, None]:
        """All that is left of the object.

        Raises:
            ImportFailed: it cannot be read on; the reasons are in docs/imports.md.
        """
        owner = self.owner
        chunker = chunker_of(owner.document, owner.context.settings, lambda: owner.size.rows)
        failure: ImportFailed | None = None
        try:
            async with aclosing(self._full_chunks(chunker)) as full:
                async for chunk in full:
                    yield await self._looked_up(chunk)
        except ImportFailed as why:
            failure = why
        rest = chunker.rest()
        if rest is not None:
            yield await self._looked_up(await asyncio.to_thread(draft, rest, owner))
        if failure is not None:
            raise failure

    async def _full_chunks(self, chunker: Chunker) -> AsyncGenerator[DraftedChunk, None]:
        async with aclosing(prefetched(self._ranges())) as ranges:
            async for data, final in ranges:
                steps = chunker.steps(data, final=final)
                while step := await asyncio.to_thread(self._step, steps):
                    self.owner.waits.turned()
                    if isinstance(step, DraftedChunk):
                        yield step

    def _step(self, steps: Iterator[Chunk | None]) -> DraftedChunk | bool:
        """One step: what it completed, or whether there are more."""
        for chunk in steps:
            return True if chunk is None else draft(chunk, self.owner)
        return False

    async def _looked_up(self, chunk: DraftedChunk) -> FetchedChunk:
        """Look up once. A chunk that fails here, or would be cut anyway, is looked up when it is written."""
        owner, rows, applies = self.owner, chunk.chunk.rows, self.owner.applies
        if rows > owner.size.rows:
            return FetchedChunk(chunk, None, applies)
        try:
            existing = await owner.waits.turning(owner.store.look_up, chunk.drafts, owner.document.campaign_id)
        except ChunkTooSlow as why:
            owner.too_large(rows, why)
            return FetchedChunk(chunk, None, applies)
        except (StoreRefused, StoreUnavailable):
            return FetchedChunk(chunk, None, applies)
        return FetchedChunk(chunk, existing, applies)

    async def _ranges(self) -> AsyncGenerator[Range, None]:
        """A gzip from its first byte, since it cannot be entered elsewhere; a text from where the import is."""
        document, step = self.owner.document, self.owner.context.settings.range_bytes
        size, start = document.bytes_total or 0, 0 if document.gzip else document.position
        for at in range(start, size, step):
            stop = min(at + step, size)
            yield Range(await self._fetch(document, at, stop), final=stop == size)
        if start >= size:
            yield Range(b"", final=True)

    async def _fetch(self, document: ImportDocument, start: int, stop: int) -> bytes:
        read, etag = self.owner.context.objects.read, document.etag or ""
        return await self.owner.waits.s3.run(read, place_of_object(document), etag, start, stop)


def draft(chunk: Chunk, owner: ImportOwner) -> DraftedChunk:
    """Draft a chunk's codes. Slow, without I/O: call it in a thread."""
    return drafted(
        chunk,
        owner.document,
        owner.salt,
        moved_by=f"{owner.shard}@{owner.cause.offset}",
        at=owner.context.clock(),
    )


def chunker_of(document: ImportDocument, settings: ImporterSettings, rows_per_chunk: Callable[[], int]) -> Chunker:
    """A chunker that goes on where the import is, with chunks of the size that is right when each begins."""
    place = place_of(document)
    return Chunker(
        GzipText(place.byte, settings.text_bytes_max) if document.gzip else PlainText(),
        RowReader(place, columns_of(document), line_bytes_max=settings.line_bytes_max),
        code_type=document.code_type,
        rows_per_chunk=rows_per_chunk,
        rows_left=max(0, settings.rows_max - document.rows_read),
    )


def place_of_object(document: ImportDocument) -> ObjectPlace:
    """Where the import's object is."""
    return ObjectPlace(document.bucket, document.key, document.version_id)
