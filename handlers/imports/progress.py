"""An import from its command to its end: what its document says next, and what is published of it.

In:       the command, chunks, the codes that the campaign had already.
Out:      `ImportDocument`, shard changes, `ImportProgressed`. Pure.
Promise:  rows_read = inserted + duplicates_in_file + duplicates_in_campaign + rejected, in every document. An event
          is made of its document alone, so that it can be published again word by word.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from handlers.imports.cells import Columns
from handlers.imports.chunks import Chunk
from handlers.imports.rows import Place
from handlers.shards import ShardChange, changed_shard, empty_shard
from schemas.base import CodeStatus, CodeType, to_milliseconds
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument
from schemas.events import ImportProgressed
from schemas.records import Asked
from schemas.requests import ImportCommand
from schemas.settings import ImporterSettings


class Tally(NamedTuple):
    """What became of a chunk's codes, in rows."""

    inserted: int
    in_file: int
    """Duplicates of an earlier row of the same file."""
    in_campaign: int
    """Duplicates of a code that the campaign has from elsewhere."""


def begun(asked: Asked[ImportCommand], *, run: str, now: datetime) -> ImportDocument:
    """An import of which nothing is read yet."""
    command = asked.request
    return ImportDocument(
        _id=command.request_id,
        digest=asked.digest,
        campaign_id=command.campaign_id,
        code_type=command.code_type,
        bucket=command.bucket,
        key=command.key,
        version_id=command.version_id,
        state="running",
        run=run,
        etag=None,
        gzip=False,
        code_column=None,
        code_type_column=None,
        rows_read=0,
        inserted=0,
        duplicates_in_file=0,
        duplicates_in_campaign=0,
        rejected=0,
        position=0,
        line=0,
        bytes_read=0,
        bytes_total=None,
        reason=None,
        report=None,
        started_at=now,
        changed_at=to_milliseconds(now),
    )


def place_of(document: ImportDocument) -> Place:
    """Where it goes on."""
    return Place(document.position, document.line)


def columns_of(document: ImportDocument) -> Columns | None:
    """What the object's first row says; None if it is still to be read."""
    return None if document.code_column is None else Columns(document.code_column, document.code_type_column)


def located(document: ImportDocument, *, etag: str, size_bytes: int, gzip: bool, now: datetime) -> ImportDocument:
    """The import after its object was found."""
    return document.model_copy(
        update={"etag": etag, "bytes_total": size_bytes, "gzip": gzip, "changed_at": to_milliseconds(now)}
    )


def why_not_loadable(document: ImportDocument, settings: ImporterSettings) -> str | None:
    """What is wrong with an object of this size, if anything."""
    size = document.bytes_total or 0
    if size == 0:
        return "empty"
    limits = (settings.object_bytes_max, *(() if document.gzip else (settings.text_bytes_max,)))
    return "too_large" if size > min(limits) else None


def tally_of(chunk: Chunk, existing: Mapping[str, str], import_id: str) -> Tally:
    """Count a chunk's rows. `existing` is those of its codes that the campaign has, with the import they came by.

    A code that came from elsewhere is a duplicate of the campaign's in each of its rows, so that the counts do not
    depend on where chunks start.
    """
    duplicates: Counter[bool] = Counter()
    for code, imported_by in existing.items():
        duplicates[imported_by == import_id] += 1 + chunk.repeats.get(code, 0)
    repeated = sum(count for code, count in chunk.repeats.items() if code not in existing)
    return Tally(len(chunk.codes) - len(existing), duplicates[True] + repeated, duplicates[False])


def advanced(
    document: ImportDocument, chunk: Chunk, tally: Tally, *, chunk_rows: int | None = None, now: datetime
) -> ImportDocument:
    """The import after a chunk."""
    return document.model_copy(
        update={
            "rows_read": document.rows_read + chunk.rows,
            "inserted": document.inserted + tally.inserted,
            "duplicates_in_file": document.duplicates_in_file + tally.in_file,
            "duplicates_in_campaign": document.duplicates_in_campaign + tally.in_campaign,
            "rejected": document.rejected + len(chunk.rejects),
            "position": chunk.end.byte,
            "line": chunk.end.line,
            "code_column": chunk.columns.code,
            "code_type_column": chunk.columns.code_type,
            "bytes_read": max(document.bytes_read, chunk.bytes_read),
            "chunk_rows": chunk_rows,
            "changed_at": to_milliseconds(now),
        }
    )


def ended(
    document: ImportDocument,
    state: Literal["completed", "failed"],
    reason: str | None,
    report: str | None,
    *,
    now: datetime,
) -> ImportDocument:
    """The import after its end."""
    bytes_read = document.bytes_total if state == "completed" else document.bytes_read
    return document.model_copy(
        update={
            "state": state,
            "reason": reason,
            "report": report,
            "bytes_read": bytes_read,
            "changed_at": to_milliseconds(now),
        }
    )


def rejects_of(chunk: Chunk, import_id: str) -> RejectsDocument | None:
    """A chunk's rejected rows, if any."""
    if not chunk.rejects:
        return None
    lines, reasons = zip(*chunk.rejects, strict=True)
    return RejectsDocument(
        _id=f"{import_id}:{lines[0]}", import_id=import_id, line=lines[0], lines=lines, reasons=reasons
    )


def shard_changes(
    document: ImportDocument,
    inserted: Iterable[CodeType],
    own: Iterable[InventoryDocument],
    *,
    shard: str,
    now: datetime,
) -> tuple[ShardChange, ...]:
    """This partition's shards after a chunk that inserts codes of these types.

    The first chunk of a campaign writes one even if it inserts nothing: that makes the campaign known.
    """
    before = {existing.code_type: existing for existing in own}
    added = Counter(inserted)
    if not added and not before:
        added[document.code_type] = 0
    return tuple(
        changed_shard(
            before.get(code_type) or empty_shard(document.campaign_id, code_type, shard, now=now),
            {CodeStatus.AVAILABLE: count},
            cause="import",
            now=now,
        )
        for code_type, count in added.items()
    )


def event_of(document: ImportDocument) -> ImportProgressed:
    """How far an import is, as `imports.v1` has it."""
    return ImportProgressed(
        import_id=document.id,
        campaign_id=document.campaign_id,
        code_type=document.code_type,
        state=document.state,
        rows_read=document.rows_read,
        inserted=document.inserted,
        duplicates=document.duplicates_in_file + document.duplicates_in_campaign,
        duplicates_in_file=document.duplicates_in_file,
        duplicates_in_campaign=document.duplicates_in_campaign,
        rejected=document.rejected,
        bytes_read=document.bytes_read,
        bytes_total=document.bytes_total,
        reason=document.reason,
        report=document.report,
        duration_s=None if document.state == "running" else lasted_s(document, document.changed_at),
        object=f"s3://{document.bucket}/{document.key}",
        at=document.changed_at,
    )


def lasted_s(document: ImportDocument, until: datetime) -> float:
    """Seconds from an import's start until then; never below 0, though the two times may come from two clocks."""
    return round(max(0.0, (until - document.started_at).total_seconds()), 3)


def identity_of(document: ImportDocument) -> str:
    """What distinguishes an event of an import from its others; the same each time it is published."""
    if document.state != "running":
        return end_identity(document.id, document.digest)
    return f"{document.id}:{document.digest}:{document.position}/{document.bytes_total}"


def end_identity(import_id: str, digest: str) -> str:
    """The same of its end event."""
    return f"{import_id}:{digest}:end"


def failure_of(command: ImportCommand, reason: str, *, at: datetime) -> ImportProgressed:
    """The end of an import that never began."""
    return ImportProgressed(
        import_id=command.request_id,
        campaign_id=command.campaign_id,
        code_type=command.code_type,
        state="failed",
        reason=reason,
        object=f"s3://{command.bucket}/{command.key}",
        at=at,
    )
