"""The log's schema: which fields a line may have, which events there are, and with which fields.

Out:      `LogLine`, which reads any line of any role; `EVENTS`, ours; the tables of docs/logging.md.
Promise:  a test reads every line of a run of all roles with it. A field or an event that is not here fails it.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ops.telemetry.log import PACKAGES

Level = Literal["debug", "info", "warning", "error", "critical"]
Count = Annotated[int, Field(ge=0)]


class Event(NamedTuple):
    """One event of ours."""

    level: Level
    fields: str
    """Those it has, with spaces between."""
    meaning: str


PLACE: Final = "topic partition"
SUBJECT: Final = "topic partition offset request_id campaign_id"
IMPORT: Final = "request_id campaign_id rows_read inserted duplicates rejected"

EVENTS: Final[Mapping[str, Event]] = {
    "ops_listening": Event("info", "host port", "The ops port serves."),
    "started": Event("info", "guarantee prefix", "The role begins its work."),
    "assigned": Event("info", "partitions", "After a rebalance these partitions are served here."),
    "import_began": Event("info", IMPORT, "An import begins here, or goes on here; the counts say from where."),
    "import_left": Event(
        "info", f"{IMPORT} state reason", "It has ended; or, in state `running`, goes on elsewhere or later."
    ),
    "waits_for": Event(
        "warning",
        "part error reason",
        "A part does not answer, or not as it should. Each reason is said once, until `answered`.",
    ),
    "kafka_version": Event(
        "warning", "part reason", "`exactly_once` may not hold on these brokers, or they do not say what they are."
    ),
    "answered": Event("info", "part", "It answers again."),
    "fenced": Event("warning", PLACE, "Another process owns the partition."),
    "refused": Event(
        "error", f"{SUBJECT} error reason", "The database refuses what this request would write. Ours to mend."
    ),
    "inconsistent": Event(
        "error",
        f"{SUBJECT} reservation_id reason",
        "The reservation disagrees with its codes; the request is set aside. Ours to mend.",
    ),
    "reply_topic_unusable": Event(
        "warning", "topic reason", "An allowed reply topic gets no copies: `missing`, `failing` or `suspected`."
    ),
    "reply_topic_usable": Event("info", "topic", "It gets copies again."),
    "dead_letter": Event("debug", f"{PLACE} offset reason detail", "A record was rejected. No field of it is told."),
    "conflict": Event("debug", f"{PLACE} cause", "A plan was stale, and is made anew."),
    "store_refused": Event("debug", "topic cause", "The database refused a write; it is tried again, alone."),
    "batch": Event(
        "debug", f"{PLACE} first_offset last_offset records outcomes seconds", "A batch is answered and committed."
    ),
    "chunk_halved": Event(
        "warning",
        "request_id campaign_id rows setting error reason",
        "The database was too slow for a chunk of an import, or could not hold it; chunks are smaller from now on.",
    ),
    "chunk_full_again": Event(
        "info", "request_id campaign_id rows", "It is quick again: chunks are as large as the settings say."
    ),
    "api_listening": Event("info", "host port tokens_needed", "The inventory's API and page serve."),
    "api_open": Event("warning", "host why", "The API asks for no token; only this machine reaches it."),
    "jwt_key_skipped": Event(
        "warning", "detail reason", "An entry of the JWKS is no usable key: its tokens get 401, all others count."
    ),
    "jwt_keys_unreadable": Event(
        "warning", "reason", "The file of keys cannot be read. Its last keys are used for 5 minutes."
    ),
    "jwt_keys_dropped": Event(
        "error", "reason", "The file of keys was unreadable for 5 minutes: every token gets 401 until it can be read."
    ),
    "alert": Event("info", "stock campaign_id code_type available", "A stock alert was sent."),
    "alert_known": Event("info", "stock campaign_id", "It was sent before a crash, and is not sent again."),
    "unreadable_event": Event("warning", "fields", "A record on `inventory.v1` that is none of ours is passed over."),
    "stopping": Event("info", "", "Told to stop."),
    "cut_short": Event("warning", "", "The work under way did not end in its time, and was given up, uncommitted."),
    "left_open": Event("warning", "", "Nor did the clients close; the process ends all the same."),
    "stopped": Event("info", "", "The end."),
    "crashed": Event("error", "exception", "Something unforeseen; nothing of it is committed. The last line."),
}


class LogLine(BaseModel):
    """One line."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
    """When, UTC."""
    level: Level
    """Severity."""
    event: str
    """What happened: a name of the table below, or a library's own message."""
    logger: str
    """The module that says so."""
    role: str
    """The process's role."""
    exception: str | None = None
    """A traceback without local variables."""
    trace_id: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$")] = None
    """The trace of the batch under way, where one is made; see [tracing.md](tracing.md)."""
    request_id: str | None = None
    """The request or import that the line is about."""
    campaign_id: str | None = None
    """Its campaign."""
    reservation_id: str | None = None
    """The reservation that the line is about."""
    topic: str | None = None
    """Full name."""
    partition: Count | None = None
    """Of the topic."""
    offset: Count | None = None
    """The record that the line is about."""
    first_offset: Count | None = None
    """Of a batch."""
    last_offset: Count | None = None
    """Of a batch."""
    records: Count | None = None
    """In a batch."""
    outcomes: dict[str, int] | None = None
    """Readable requests of a batch, by outcome."""
    seconds: dict[str, float] | None = None
    """That a batch took, by step."""
    partitions: list[str] | None = None
    """`<topic>.<number>` each."""
    part: Literal["mongo", "kafka", "s3"] | None = None
    """What did not answer, or does again."""
    error: str | None = None
    """Its class."""
    reason: str | None = None
    """Why, without values."""
    detail: str | None = None
    """Which field of a record, without its value."""
    cause: str | None = None
    """Of a conflict or a refused write; the values are those of the metric that counts them."""
    state: Literal["running", "completed", "failed"] | None = None
    """Of an import."""
    rows_read: Count | None = None
    """Of an import so far; the sum of the next three."""
    inserted: Count | None = None
    """Rows that became codes."""
    duplicates: Count | None = None
    """Rows whose code was there."""
    rejected: Count | None = None
    """Rows that are no code."""
    rows: Count | None = None
    """That a chunk of an import has from now on, at most."""
    setting: str | None = None
    """The one to turn."""
    host: str | None = None
    """Of the ops port, or the API's."""
    port: Count | None = None
    """Of the ops port, or the API's."""
    tokens_needed: bool | None = None
    """Whether the API asks for a token."""
    why: str | None = None
    """The API asks for none."""
    stock: Literal["low", "exhausted", "recovered"] | None = None
    """The level of an alert."""
    code_type: str | None = None
    """Of an alert."""
    available: int | None = None
    """Codes left, as an alert says."""
    fields: list[str] | None = None
    """Of an event that cannot be read: those that are wrong."""
    guarantee: str | None = None
    """`CODES_PROCESSING_GUARANTEE`."""
    prefix: str | None = None
    """`CODES_TOPICS__PREFIX`."""

    @model_validator(mode="after")
    def _is_as_declared(self) -> Self:
        """Ours have the level and the fields that the table gives them."""
        if self.logger.partition(".")[0] not in PACKAGES:
            return self
        declared = EVENTS.get(self.event)
        if declared is None:
            raise ValueError(f"no such event: {self.event}")
        told = self.model_fields_set - FIRST - {"trace_id"}
        if self.level != declared.level or told != set(declared.fields.split()):
            raise ValueError(f"{self.event} at {self.level} with {sorted(told)} is not as declared")
        return self


FIRST: Final = frozenset({"at", "level", "event", "logger", "role"})


def fields_table() -> str:
    """Every field and its meaning, as Markdown."""
    rows = (f"| `{name}` | {said(field.description)} |\n" for name, field in LogLine.model_fields.items())
    return "| field | meaning |\n|---|---|\n" + "".join(rows)


def events_table() -> str:
    """Every event of ours, as Markdown."""
    rows = (
        f"| `{name}` | {event.level} | {listed(event.fields)} | {event.meaning} |\n" for name, event in EVENTS.items()
    )
    return "| event | level | fields | meaning |\n|---|---|---|---|\n" + "".join(rows)


def listed(names: str) -> str:
    """Names as Markdown."""
    return ", ".join(f"`{name}`" for name in names.split())


def said(description: str | None) -> str:
    """A docstring on one line."""
    return " ".join((description or "").split())
