"""Counts what an import of a file would do, without a change.

In:       the file's bytes, in pieces; which of its codes the campaign has.
Out:      `Forecast`: the counts of the import's end event, and the rejected rows by reason.
Promise:  the same rows are rejected as by the importer. A forecast never holds a code.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from handlers.imports.chunks import Chunk, Chunker
from handlers.imports.progress import tally_of
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import GzipText, PlainText
from schemas.base import CodeType
from schemas.errors import ImportFailed
from schemas.import_reasons import IMPORT_REMEDIES
from schemas.settings import ImporterSettings

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
