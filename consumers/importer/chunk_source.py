"""An object to chunks that are ready to be written: fetched, unfolded, parsed, made into documents and looked up.

In:       an import that knows its object.
Out:      prepared chunks, from the place that the import has reached.
Promise:  the event loop does none of the work: a thread does, in steps of one piece of text. One range is fetched
          ahead, and a chunk may be looked up before the one ahead of it is written. What cannot be read on raises
          after the rows before it were given.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from consumers.importer.waits import Waits
from consumers.loop.prefetch import ahead
from handlers.imports.chunk_size import ChunkSize
from handlers.imports.chunks import Chunk, Chunker
from handlers.imports.progress import columns_of, place_of
from handlers.imports.rows import RowReader
from handlers.imports.texts import GzipText, PlainText
from schemas.documents import ImportDocument
from schemas.errors import ImportFailed
from schemas.settings import ImporterSettings
from stores.import_port import ImportStore, ObjectPlace, Prepared


class Range(NamedTuple):
    """Some bytes of the object."""

    data: bytes
    final: bool
    """None come after them."""


@dataclass(frozen=True, slots=True)
class ChunkSource:
    """Reads one object once."""

    document: ImportDocument
    moved_by: str
    store: ImportStore
    waits: Waits
    size: ChunkSize
    turned: Callable[[], None]
    """Told after each step."""

    async def chunks(self) -> AsyncGenerator[Prepared, None]:
        """All that is left of the object.

        Raises:
            ImportFailed: it cannot be read on; the reasons are in docs/imports.md.
        """
        chunker = chunker_of(self.document, self.waits.around.settings, self.size)
        failure: ImportFailed | None = None
        try:
            async with aclosing(self._full_chunks(chunker)) as full:
                async for prepared in full:
                    yield await self._looked_up(prepared)
        except ImportFailed as why:
            failure = why
        rest = chunker.rest()
        if rest is not None:
            yield await self._looked_up(await asyncio.to_thread(self._prepare, rest))
        if failure is not None:
            raise failure

    async def _full_chunks(self, chunker: Chunker) -> AsyncGenerator[Prepared, None]:
        async with aclosing(ahead(self._ranges())) as ranges:
            async for data, final in ranges:
                steps = chunker.steps(data, final=final)
                while step := await asyncio.to_thread(self._step, steps):
                    self.turned()
                    if isinstance(step, Prepared):
                        yield step

    def _step(self, steps: Iterator[Chunk | None]) -> Prepared | bool:
        """One step: what it completed, or whether there are more."""
        for chunk in steps:
            return True if chunk is None else self._prepare(chunk)
        return False

    def _prepare(self, chunk: Chunk) -> Prepared:
        return self.store.prepare(chunk, self.document, moved_by=self.moved_by, at=self.waits.around.clock())

    async def _looked_up(self, prepared: Prepared) -> Prepared:
        return await self.waits.mongo(lambda: self.store.look_up(prepared, self.document.campaign_id))

    async def _ranges(self) -> AsyncGenerator[Range, None]:
        """A gzip from its begin, since it cannot be entered elsewhere; a text from where the import is."""
        size = self.document.bytes_total or 0
        step = self.waits.around.settings.range_bytes
        start = 0 if self.document.gzip else self.document.position
        for at in range(start, size, step):
            stop = min(at + step, size)
            yield Range(await self._fetch(at, stop), final=stop == size)
        if start >= size:
            yield Range(b"", final=True)

    async def _fetch(self, start: int, stop: int) -> bytes:
        place, etag = place_of_object(self.document), self.document.etag or ""
        objects = self.waits.around.objects
        return await self.waits.s3(lambda: objects.read(place, etag, start, stop))


def chunker_of(document: ImportDocument, settings: ImporterSettings, size: ChunkSize) -> Chunker:
    """A chunker that goes on where the import is, with chunks of the size that is right when each begins."""
    place = place_of(document)
    return Chunker(
        GzipText(place.byte, settings.text_bytes_max) if document.gzip else PlainText(place.byte),
        RowReader(place, columns_of(document), line_bytes_max=settings.line_bytes_max),
        code_type=document.code_type,
        rows_per_chunk=lambda: size.rows,
        rows_left=max(0, settings.rows_max - document.rows_read),
    )


def place_of_object(document: ImportDocument) -> ObjectPlace:
    """Where the import's object is."""
    return ObjectPlace(document.bucket, document.key, document.version_id)
