"""Responses of the HTTP API, from which the OpenAPI document is generated.

Out: one frozen model per response.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.base import CodeType, Id, Instant
from schemas.events import ImportState, StockLevel
from schemas.stock import Standing

Reason = Literal[
    "unauthorized",
    "forbidden",
    "not_found",
    "invalid",
    "too_many_streams",
    "misdirected",
    "not_enabled",
    "busy",
    "conflict",
    "unavailable",
    "unreadable",
]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Stock(Answer):
    """Codes by status, and the rates at which they are given out."""

    available: int
    reserved: int
    assigned: int
    total: int
    rate_1m: float
    """Codes per second given out over the last minute: those that left `available`, minus those that returned."""
    rate_5m: float
    """As `rate_1m`, over the last five minutes."""
    empty_rate: float
    """The rate that `empty_in_s` is judged by: the higher one of the two, so that a sale that has just begun, and one
    that pauses, are both judged early."""
    empty_in_s: float | None
    """Seconds until `available` is 0 at `empty_rate`; null if no codes are given out."""


class TypedStock(Stock):
    """Stock of one code type."""

    standing: Standing
    """The last level on `stock-alerts.v1`; `enough` without an alert or after `recovered`."""


class Campaign(Stock):
    """Stock of a campaign, in total and by code type."""

    campaign_id: Id
    types: dict[CodeType, TypedStock]
    standing: Standing
    """The worst standing of its code types."""
    changed_at: Instant


class CampaignPage(Answer):
    """A page of the campaigns that match."""

    items: list[Campaign]
    total: int
    """Number of campaigns that match."""
    offset: int
    limit: int


class HistoryPoint(Answer):
    """Counts at an instant."""

    at: Instant
    available: int
    reserved: int
    assigned: int


class History(Answer):
    """A campaign's past counts. Between two points the counts of the earlier one apply."""

    campaign_id: Id
    code_type: CodeType | None
    """Null: all code types together."""
    step_s: int
    """Resolution of the points, in seconds."""
    points: list[HistoryPoint]
    """Earliest first; the last point is the current one."""
    source: Literal["view", "prometheus"] = "view"
    """What the inventory keeps itself, or the Prometheus of `CODES_INVENTORY__PROMETHEUS_URL`."""
    note: str | None = None
    """Why it is not from Prometheus, although one is set."""


class ImportProgress(Answer):
    """The latest progress of an import."""

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
    """Share of the object's bytes whose rows are written, 0 to 1; null while the size is unknown."""
    rows_per_s: float | None
    """Rows a second: of a running import over the last minute, of an ended one over its duration; null if unknown."""
    left_s: float | None
    """Seconds until a running import ends at the pace of the last minute; null if unknown."""
    reason: str | None
    report: str | None
    object: str | None
    """`s3://` address of the imported object."""
    resolved_by: str | None
    """Of a failed import: a later import of the same object into the same campaign that completed."""
    at: Instant


class ImportList(Answer):
    """Imports of the last day, running ones first."""

    items: list[ImportProgress]
    running: int


class PartitionLag(Answer):
    """Lag of a consumer group on a partition."""

    group: str
    topic: str
    """Name without the prefix."""
    partition: int
    committed: int | None
    """The committed offset; null: the group has committed none, and starts at the first record."""
    end: int | None
    """The log end offset: that of the next record to be written."""
    records: int | None
    """Unread records, including transaction markers; null if unknown."""
    age_s: float | None
    """Age of the oldest unread record, in seconds; 0 if there is none, null if unknown."""


class TopicLag(Answer):
    """Lag of a consumer group on a topic, and its trend."""

    group: str
    topic: str
    """Name without the prefix."""
    records: int | None
    """Unread records; null if unknown."""
    age_s: float | None
    trend: str
    """`nothing waits`, `caught up`, `steady`, `rising`, `falling`, `stalled`, `not known` or `not known yet`."""
    stalled_s: float | None
    """Seconds since the group committed an offset of a partition with unread records; null: it makes progress."""
    samples: list[int | None]
    """Unread records at the last readings, five seconds apart, earliest first."""


class LagList(Answer):
    """Lag of all consumer groups. `known` is false while Kafka does not answer; then there are no items."""

    known: bool
    items: list[PartitionLag]
    topics: list[TopicLag] = []
    """The same by topic, most unread records first."""


class Alert(Answer):
    """A stock alert."""

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
    """Stock alerts, latest first."""

    items: list[Alert]


class DeadLetterCounts(Answer):
    """Dead letters of the last hours, by reason."""

    hours: int
    reasons: dict[str, int]
    total: int
    latest_at: Instant | None


class DeadLetter(Answer):
    """A rejected record, without its contents."""

    address: str
    """Of the dead letter: `PARTITION@OFFSET` on `dead-letters.v1`."""
    campaign_id: Id | None
    """Null if the record names no campaign that is known here."""
    topic: str | None
    """Where the record was, without the prefix; null if the headers do not say it."""
    partition: int | None
    offset: int | None
    at: Instant
    """When it was rejected."""
    fields: str
    """The fields at fault; empty if the reason is none of the record's."""
    detail: str
    """What is wrong; empty if the service did not write it."""
    replayed: bool
    show: str
    """The command that shows it."""
    replay: str
    """The command that says what a replay would send."""


class DeadLetterList(Answer):
    """Dead letters of a reason, latest first: of the latest 1,000 that are kept."""

    reason: str
    items: list[DeadLetter]


class Problem(Answer):
    """The error in a response."""

    error: Reason
    detail: str
