"""What MongoDB holds: one model a collection. The collections' validators are generated from these.

Field `_id` is named `id` here. Times are BSON dates.
"""

from typing import Literal

from pydantic import Field

from schemas.base import CodeStatus, CodeType, Id, Instant, Model
from schemas.events import ImportState, InventoryCause
from schemas.results import Result

ReservationState = Literal["held", "assigned", "released", "expired"]


class CodeDocument(Model):
    """Collection `codes`."""

    id: str = Field(alias="_id")
    """Random UUID, hex."""
    campaign_id: Id
    code: str
    """The secret."""
    code_type: CodeType
    status: CodeStatus
    draw: int
    """Random, 0 to 2^31 - 1: where in the stock's order the code stands."""
    moved_by: str
    """The batch that last moved it, `<shard>@<offset>`; the same on the reservation that moved it."""
    imported_by: Id
    """The import that brought it: tells a duplicate in the file from one that the campaign had before."""
    changed_at: Instant


class ReservationDocument(Model):
    """Collection `reservations`: who holds or got which codes. `_id` is the request that made it."""

    id: Id = Field(alias="_id")
    campaign_id: Id
    fan_id: Id
    code_type: CodeType
    code_ids: tuple[str, ...]
    state: ReservationState
    expires_at: Instant | None
    """Null for an assignment straight from stock."""
    moved_by: str
    changed_at: Instant


class LedgerDocument(Model):
    """Collection `requests`, the ledger: what was decided about every request."""

    id: Id = Field(alias="_id")
    digest: str
    """SHA-256 of the request's content, hex."""
    source: str
    """The record that was decided, `<topic>.<partition>@<offset>`: tells a replay from a repeat."""
    outcome: Result
    decided_at: Instant


class InventoryDocument(Model):
    """Collection `inventory`: one shard's running totals. `_id` is `campaign:type:shard`."""

    id: str = Field(alias="_id")
    campaign_id: Id
    code_type: CodeType
    shard: str
    version: int
    available: int
    reserved: int
    assigned: int
    cause: InventoryCause
    changed_at: Instant


class OwnerDocument(Model):
    """Collection `owners`: who serves a partition. `_id` is the shard."""

    id: str = Field(alias="_id")
    session: str
    """Of the owner's transactions, UUID, hex."""
    since: Instant


class ImportDocument(Model):
    """Collection `imports`: how far an import is. Moves in the same transaction as the rows it counts."""

    id: Id = Field(alias="_id")
    digest: str
    """SHA-256 of the command's content, hex."""
    campaign_id: Id
    code_type: CodeType
    bucket: str
    key: str
    version_id: str | None
    state: ImportState
    run: str
    """Who may move it, random: a run that another one has taken over from fails at its next write."""
    etag: str | None
    """The object's identity; another one fails the import as `object_changed`. Null until it was looked at."""
    gzip: bool
    code_column: int | None
    """Where a row's code is, from 0; null until the first row is read."""
    code_type_column: int | None
    """Where a row's code type is; null: every row has the command's."""
    rows_read: int
    inserted: int
    duplicates_in_file: int
    duplicates_in_campaign: int
    rejected: int
    position: int
    """Bytes of CSV text (decompressed) taken up to the end of the last row written."""
    line: int
    """Lines taken up to there, for the reject report."""
    bytes_read: int
    """Bytes of the object fetched up to there."""
    bytes_total: int | None
    reason: str | None
    report: str | None
    started_at: Instant
    changed_at: Instant
    chunk_rows: int | None = None
    """Rows of a chunk that the database can write, so that the next owner need not learn it again; null: as many as
    the setting allows."""


class CancellationDocument(Model):
    """Collection `cancellations`: an import that somebody wants stopped. `_id` is the import, begun or not."""

    id: Id = Field(alias="_id")
    asked_at: Instant


class RejectsDocument(Model):
    """Collection `rejects`: one chunk's rejected rows, until they are in the import's report. No code values."""

    id: str = Field(alias="_id")
    """`<import>:<line>`."""
    import_id: Id
    line: int
    """Of the first of them."""
    lines: tuple[int, ...]
    reasons: tuple[str, ...]
    """In the order of `lines`; the words are those of `handlers/imports/cells.py`."""
