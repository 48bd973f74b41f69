"""Metrics of imports."""

from typing import Final

from ops.telemetry.metric_spec import added, counter, gauge, histogram, on
from schemas.observation.imports import ChunkWritten, ImportEnded, ImportLeft, ImportStarted

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
ROWS_IN_CHUNK: Final = (10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)
CANCELLED: Final = "cancelled"
ENDS: Final = ("completed", "failed", CANCELLED)

IMPORTS_RUNNING = gauge(
    "codes_imports_running",
    "Imports under way in this process.",
    added(ImportStarted, 1),
    added(ImportLeft, -1),
    remedy="When it stays above 0 while `codes_import_rows_total` stands still: see there.",
)
IMPORT_ROWS = counter(
    "codes_import_rows",
    "Rows that imports wrote.",
    on(ChunkWritten, value=lambda chunk: chunk.rows),
    remedy="When it stands still while an import runs: look at `codes_part_away`, `s3` and `mongo`.",
)
IMPORT_CHUNK_ROWS = histogram(
    "codes_import_chunk_rows",
    "Rows in one written chunk of an import.",
    ROWS_IN_CHUNK,
    on(ChunkWritten, value=lambda chunk: chunk.rows),
    remedy="When it is far below `CODES_IMPORTER__ROWS_PER_CHUNK_MAX` for large files: rows are very long.",
)
IMPORT_CHUNK_SECONDS = histogram(
    "codes_import_chunk_seconds",
    "Time to write one chunk of an import, tries that failed included.",
    SECONDS,
    on(ChunkWritten, value=lambda chunk: chunk.seconds),
    remedy="When it rises while `codes_import_chunk_rows` does not: MongoDB is slow, or the collection's indexes do "
    "not fit its cache.",
)
IMPORTS_ENDED = counter(
    "codes_imports_ended",
    "Imports that ended. `cancelled`: on request; on `imports.v1` that is `failed`, reason `cancelled`.",
    on(ImportEnded, lambda fact: CANCELLED if fact.document.reason == CANCELLED else fact.document.state),
    remedy="When `failed` rises: the end event on `imports.v1` says why; docs/imports.md says what to do.",
    state=ENDS,
)
