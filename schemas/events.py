"""The events on the out topics.

Out: `CodeAssigned`, `InventoryChanged`, `ImportProgressed`, `StockAlert`.
"""

from typing import Literal

from schemas.base import CodeType, Id, Instant, Model

InventoryCause = Literal["import", "reserve", "assign", "release", "expire", "reconcile"]
ImportState = Literal["running", "completed", "failed"]
StockLevel = Literal["low", "exhausted", "recovered"]


class CodeAssigned(Model):
    """A code was assigned to a fan, permanently. Topic `assigned.v1`: the only topic that holds code values."""

    campaign_id: Id
    fan_id: Id
    code_id: str
    code: str
    """The code's value, a secret."""
    code_type: CodeType
    request_id: Id
    reservation_id: Id
    assigned_at: Instant


class InventoryChanged(Model):
    """One shard's running totals after a change. Topic `inventory.v1`.

    A campaign's count is the sum over its shards, each at the highest version seen; a single shard's counts may
    be negative.
    """

    campaign_id: Id
    code_type: CodeType
    shard: str
    version: int
    available: int
    reserved: int
    assigned: int
    cause: InventoryCause
    changed_at: Instant


class ImportProgressed(Model):
    """Progress or end of an import. Topic `imports.v1`."""

    import_id: Id
    campaign_id: Id
    code_type: CodeType
    state: ImportState
    rows_read: int = 0
    """= inserted + duplicates + rejected."""
    inserted: int = 0
    duplicates: int = 0
    """= duplicates_in_file + duplicates_in_campaign."""
    duplicates_in_file: int = 0
    duplicates_in_campaign: int = 0
    rejected: int = 0
    bytes_read: int = 0
    """Bytes of the object that the rows read so far take."""
    bytes_total: int | None = None
    """The object's size in bytes; null while it is not known."""
    reason: str | None = None
    """Why it failed."""
    report: str | None = None
    """`s3://` address of the reject report, if any row was rejected."""
    duration_s: float | None = None
    """Seconds from its start to its end; null while it runs, and if it never began."""
    object: str | None = None
    """`s3://` address of the imported object; null if the command could not be read."""
    at: Instant


class StockAlert(Model):
    """A campaign's stock crossed a threshold. Topic `stock-alerts.v1`."""

    campaign_id: Id
    code_type: CodeType
    level: StockLevel
    available: int
    total: int
    threshold: int
    at: Instant
