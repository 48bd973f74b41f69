"""Reads a file of codes as the importer would, and counts what an import would do.

In:       a local file or an S3 object, the campaign, the code type.
Out:      `Forecast`: the counts of the import's end event, and the rejected rows by reason.
Promise:  nothing is written. The counts are those that an import would have now, except that the campaign may get
          some of the codes in the meantime. A forecast never holds a code.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.jobs.uploading import pieces_of
from handlers.imports.chunks import Chunk, Chunker
from handlers.imports.progress import tally_of
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import GzipText, PlainText
from ops.settings.load import Settings
from schemas.base import CodeType
from schemas.errors import ImportFailed
from schemas.import_reasons import IMPORT_REMEDIES
from schemas.settings import ImporterSettings
from stores.import_port import ObjectPlace
from stores.mongo.collections import open_collections
from stores.mongo.questions import codes_present
from stores.s3.objects import GZIP_SUFFIX, open_objects

Present = Callable[[set[str]], Awaitable[set[str]]]
ROWS_PER_LOOK: Final = 1_000
THIS_IMPORT: Final = "this"
ANOTHER: Final = "another"
"""Which import a code came by; `tally_of` needs no more."""
LINES_SHOWN: Final = 10
"""Rejected rows that are named."""


@dataclass(slots=True)
class Forecast:
    rows_read: int = 0
    inserted: int = 0
    duplicates_in_file: int = 0
    duplicates_in_campaign: int = 0
    rejected: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    """Rejected rows by reason."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The first rejected rows: `line` and `reason`."""
    reason: str | None = None
    """Why the import would fail, after the rows that are counted."""

    @property
    def fields(self) -> dict[str, Any]:
        remedy = None if self.reason is None else IMPORT_REMEDIES.get(self.reason)
        return {**asdict(self), "rejects": dict(self.rejects), "remedy": remedy}


async def forecast_of(settings: Settings, source: Path | ObjectPlace, campaign_id: str, type_: CodeType) -> Forecast:
    """What an import of this file or object would do.

    Raises:
        StoreUnavailable, ObjectStoreUnavailable: a part gave no answer.
    """
    forecast = Forecast()
    try:
        async with opened(settings, source) as (pieces, is_gzip), open_collections(settings.mongo) as collections:

            async def present(codes: set[str]) -> set[str]:
                return await codes_present(collections, campaign_id, codes) if codes else set()

            chunker = chunker_of(settings.importer, type_, is_gzip=is_gzip)
            await Count(forecast, present).all(chunker, pieces)
    except ImportFailed as why:
        forecast.reason = why.reason
    return forecast


@asynccontextmanager
async def opened(settings: Settings, source: Path | ObjectPlace) -> AsyncIterator[tuple[AsyncIterator[bytes], bool]]:
    """The bytes of the source, and whether they are a gzip. Raises ImportFailed as an import would."""
    if isinstance(source, Path):
        check_size(source.stat().st_size, settings.importer)  # noqa: ASYNC240  # nothing else runs here
        yield pieces_of(source), source.name.lower().endswith(GZIP_SUFFIX)
        return
    async with open_objects(settings.s3) as objects:
        seen = await objects.look(source)
        check_size(seen.size_bytes, settings.importer)

        async def ranges() -> AsyncIterator[bytes]:
            step = settings.importer.range_bytes
            for start in range(0, seen.size_bytes, step):
                yield await objects.read(source, seen.etag, start, min(start + step, seen.size_bytes))

        yield ranges(), seen.gzip


def check_size(size_bytes: int, settings: ImporterSettings) -> None:
    if size_bytes > settings.object_bytes_max:
        raise ImportFailed("too_large")


def chunker_of(settings: ImporterSettings, type_: CodeType, *, is_gzip: bool) -> Chunker:
    return Chunker(
        GzipText(0, settings.text_bytes_max) if is_gzip else PlainText(),
        RowReader(Place(), None, line_bytes_max=settings.line_bytes_max),
        code_type=type_,
        rows_per_chunk=lambda: ROWS_PER_LOOK,
        rows_left=settings.rows_max,
    )


class Count:
    """Counts one file. Keeps its codes: a code is a duplicate however far behind the first one it is."""

    def __init__(self, forecast: Forecast, present: Present) -> None:
        self._forecast = forecast
        self._present = present
        self._seen: set[str] = set()

    async def all(self, chunker: Chunker, pieces: AsyncIterator[bytes]) -> None:
        try:
            async for piece in pieces:
                for chunk in chunker.steps(piece):
                    await self._add(chunk)
            for chunk in chunker.steps(b"", final=True):
                await self._add(chunk)
        finally:
            await self._add(chunker.rest())
        if self._forecast.rows_read == 0:
            raise ImportFailed("empty")

    async def _add(self, chunk: Chunk | None) -> None:
        if chunk is None:
            return
        counts, present = self._forecast, await self._present(set(chunk.codes) - self._seen)
        existing = dict.fromkeys(chunk.codes.keys() & self._seen, THIS_IMPORT) | dict.fromkeys(present, ANOTHER)
        tally = tally_of(chunk, existing, THIS_IMPORT)
        counts.rows_read += chunk.rows
        counts.inserted += tally.inserted
        counts.duplicates_in_file += tally.in_file
        counts.duplicates_in_campaign += tally.in_campaign
        counts.rejected += len(chunk.rejects)
        counts.rejects.update(row.reason for row in chunk.rejects)
        counts.lines += [row._asdict() for row in chunk.rejects[: LINES_SHOWN - len(counts.lines)]]
        self._seen |= chunk.codes.keys() - present
