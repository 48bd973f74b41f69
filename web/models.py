"""The HTTP API's answers; the OpenAPI document is generated from them.

Out: one frozen model for each answer.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.base import CodeType, Id, Instant
from schemas.events import ImportState, StockLevel
from schemas.stock import Standing

Reason = Literal["unauthorized", "forbidden", "not_found", "invalid", "too_many_streams", "misdirected"]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Stock(Answer):
    """Codes by status, and how fast they leave."""

    available: int
    reserved: int
    assigned: int
    total: int
    rate_1m: float
    """Codes a second that left `available` for a fan over the last minute, less those that came back."""
    rate_5m: float
    """The same over the last five minutes."""
    empty_in_s: float | None
    """Seconds until `available` is 0 at the five minutes' rate; null if nothing leaves."""


class TypedStock(Stock):
    """The stock of one code type."""

    standing: Standing
    """The level of its last alert on `stock-alerts.v1`; `enough` without an alert, or after it has recovered."""


class Campaign(Stock):
    """One campaign."""

    campaign_id: Id
    types: dict[CodeType, TypedStock]
    standing: Standing
    """The worst standing of its types."""
    changed_at: Instant


class CampaignPage(Answer):
    """Some campaigns of all that match."""

    items: list[Campaign]
    total: int
    """Campaigns that match."""
    offset: int
    limit: int


class HistoryPoint(Answer):
    """Counts at an instant."""

    at: Instant
    available: int
    reserved: int
    assigned: int


class History(Answer):
    """A campaign's counts over time. Between two points the counts are those of the earlier point."""

    campaign_id: Id
    code_type: CodeType | None
    """Null: all types together."""
    step_s: int
    """Seconds that a point may be late."""
    points: list[HistoryPoint]
    """Earliest first; the last one is now."""


class ImportProgress(Answer):
    """The latest event of one import."""

    import_id: Id
    campaign_id: Id
    code_type: CodeType
    state: ImportState
    rows_read: int
    inserted: int
    duplicates: int
    """= duplicates_in_file + duplicates_in_campaign."""
    duplicates_in_file: int
    duplicates_in_campaign: int
    rejected: int
    bytes_read: int
    bytes_total: int | None
    progress: float | None
    """Fraction of the object's bytes that were read, 0 to 1; null while its size is not known."""
    reason: str | None
    report: str | None
    at: Instant


class ImportList(Answer):
    """Imports of the last day, running ones first."""

    items: list[ImportProgress]
    running: int


class PartitionLag(Answer):
    """The lag of one group on one partition."""

    group: str
    topic: str
    """Without the prefix."""
    partition: int
    committed: int | None
    """The next offset the group will read; null: it has committed none and begins at the first record."""
    end: int | None
    """The offset of the next record that is written."""
    records: int | None
    """Not read yet, transaction markers among them included; null: not known."""
    age_s: float | None
    """Seconds that the oldest unread record waits; 0 if there is none, null if not known."""


class LagList(Answer):
    """Every group's lag. `known` is false while the broker does not answer; then there are no items."""

    known: bool
    items: list[PartitionLag]


class Alert(Answer):
    """One alert."""

    id: str
    """Its `ce_id`."""
    campaign_id: Id
    code_type: CodeType
    level: StockLevel
    available: int
    total: int
    threshold: int
    at: Instant


class AlertList(Answer):
    """The latest alerts first."""

    items: list[Alert]


class DeadLetterCounts(Answer):
    """Dead letters over the last hours, by reason."""

    hours: int
    reasons: dict[str, int]
    total: int
    latest_at: Instant | None


class Problem(Answer):
    """Why a request failed."""

    error: Reason
    detail: str
