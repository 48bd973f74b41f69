"""The documents in MongoDB: one model per collection. The collections' validators are generated from them.

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
    """8 hex digits of the campaign, 24 of a keyed hash of the value: see `handlers/code_ids.py`."""
    campaign_id: Id
    code: str
    """The secret."""
    code_type: CodeType
    status: CodeStatus
    moved_by: str
    """The batch that last moved it, `<shard>@<offset>`; equal to the value in the reservation that moved it."""
    imported_by: Id
    """The import that inserted it: distinguishes a duplicate in the file from one that the campaign already had."""
    changed_at: Instant
    returned: str | None = None
    """The campaign's 8 digits, then 8 random ones: it is available, and may be behind the partitions' walks. Other
    codes do not have the field."""


class RemovalRecord(Model):
    """What is left of an archived or purged campaign."""

    kind: Literal["archive", "purge"]
    state: Literal["removing", "removed"]
    """`removing` until the last document and record is gone: the command is run again until it is `removed`."""
    by: str
    began_at: Instant
    removed_at: Instant | None = None
    codes: int
    """As the shards counted them when the removal began."""
    manifest: str | None = None
    """`s3://` address of the export's manifest; null after a purge."""


class CampaignDocument(Model):
    """Collection `campaigns`: what the ids of a campaign's codes are made with. `_id` is the campaign."""

    id: Id = Field(alias="_id")
    salt: str
    """Random key of the hashes, hex. Who has it can try values against ids; without it nothing can be imported."""
    closed_at: Instant | None = None
    """Since when it gives out no codes and takes none; null: it is open. Its shards have a copy, `is_closed`."""
    closed_by: str | None = None
    """Who closed it last, or reopened it."""
    removal: RemovalRecord | None = None
    """Set once its codes are being removed, and for good: its id is never used again."""
    shards: int = 0
    """Shards that have begun: written with each new shard, so that a closing at that moment conflicts with it."""


class ReservationDocument(Model):
    """Collection `reservations`: which fan holds or was given which codes. `_id` is the request that created it."""

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
    """The record that was decided, `<topic>.<partition>@<offset>`: distinguishes a redelivery from a repeat."""
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
    is_closed: bool = False
    """Copy of the campaign's state, so that a partition needs no other document to know it. Every write of the shard
    is guarded by it."""
    walked: tuple[int, ...] = ()
    """Parts of the campaign's places, as pairs, in which this partition has taken every code that it found; the last
    part is where it is. Only a hint: see `stores/mongo/walk.py`."""


class OwnerDocument(Model):
    """Collection `owners`: the process that serves a partition. `_id` is the shard."""

    id: str = Field(alias="_id")
    session: str
    """Session of the owner's transactions, UUID, hex."""
    since: Instant


class ImportDocument(Model):
    """Collection `imports`: an import's progress. Written in the same transaction as the rows it counts."""

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
    """Random id of the run that may update it. Once another run has taken over, this run's next write fails."""
    etag: str | None
    """The object's ETag; if it changes, the import fails with `object_changed`. Null until the object was read."""
    gzip: bool
    code_column: int | None
    """Column of the code, from 0; null until the first row is read."""
    code_type_column: int | None
    """Column of the code type, from 0; null: every row has the command's code type."""
    rows_read: int
    inserted: int
    duplicates_in_file: int
    duplicates_in_campaign: int
    rejected: int
    position: int
    """Bytes of CSV text (decompressed) up to the end of the last row written."""
    line: int
    """Lines up to `position`, for the reject report."""
    bytes_read: int
    """Bytes of the object up to `position`."""
    bytes_total: int | None
    reason: str | None
    report: str | None
    started_at: Instant
    changed_at: Instant
    chunk_rows: int | None = None
    """Rows of a chunk that the database can write, so that the next owner need not learn it again; null: as many as
    the setting allows."""


class CancellationDocument(Model):
    """Collection `cancellations`: a request to cancel an import. `_id` is the import, whether it has begun or not."""

    id: Id = Field(alias="_id")
    asked_at: Instant


class RejectsDocument(Model):
    """Collection `rejects`: one chunk's rejected rows, kept until the import's report is written. No code values."""

    id: str = Field(alias="_id")
    """`<import>:<line>`."""
    import_id: Id
    line: int
    """The first rejected line of the chunk."""
    lines: tuple[int, ...]
    reasons: tuple[str, ...]
    """In the order of `lines`; the reasons are defined in `handlers/imports/cells.py`."""


class AuditRecordDocument(Model):
    """Collection `audit_records`: what a person did, before it is done.

    `_id` is random; of a purge it is made of the campaign.
    """

    id: str = Field(alias="_id")
    at: Instant
    """When it began."""
    by: str
    """Who did it: a user of the operating system, the name that was given, or the `sub` of a token."""
    action: str
    """`erase_fan`, `purge_campaign`, or an action on the page, such as `close_campaign`."""
    subject: str
    """To whom or what; of a fan, a keyed hash of the id, hex; of a campaign, its id."""
    counts: dict[str, int]
    """Documents changed or removed, by collection; of a replay, records sent."""
    before: dict[str, int] = Field(default={})
    """Of a purge: codes by status, as the shards counted them when it began."""
    ended_at: Instant | None = None
    """Null until everything is done."""
    pending: str | None = None
    """What a repetition needs while the work is not complete; then null. Of an erasure: the pseudonym, or `each`."""
    campaign_id: Id | None = None
    """The campaign that it is about; null: about none, or about one that was not known when it began."""
    outcome: str | None = None
    """Of an action on the page or in its API: what came of it. Null: it is not known, because the process ended or
    the action took too long."""
