"""The schema of the log: the fields of a line, and our events with theirs.

Out:      `LogLine`, which parses any line of any role; `EVENTS`; the tables of docs/logging.md.
Promise:  a test parses every line of a run of all roles with it, and fails for an undeclared field or event.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ops.telemetry.log import PACKAGES

Level = Literal["debug", "info", "warning", "error", "critical"]
Count = Annotated[int, Field(ge=0)]


class Event(NamedTuple):
    """An event that our own code logs."""

    level: Level
    fields: str
    """The names of its own fields, separated by spaces."""
    meaning: str


PLACE: Final = "topic partition"
SUBJECT: Final = "topic partition offset request_id campaign_id"
IMPORT: Final = "request_id campaign_id rows_read inserted duplicates rejected"

EVENTS: Final[Mapping[str, Event]] = {
    "ops_listening": Event("info", "host port", "The ops port listens."),
    "started": Event("info", "guarantee prefix", "The role starts its work."),
    "assigned": Event("info", "partitions", "After a rebalance, the process serves these partitions."),
    "import_began": Event("info", IMPORT, "An import starts or resumes in this process; the counts show from where."),
    "import_left": Event(
        "info",
        f"{IMPORT} state reason",
        "The import ended; or, in state `running`, another process resumes it, or this one later.",
    ),
    "waits_for": Event(
        "warning",
        "part error reason",
        "A part is unavailable or answers with errors. Each reason is logged once, until `answered`.",
    ),
    "kafka_version": Event(
        "warning", "part reason", "`exactly_once` may not hold on these brokers, or their version is unknown."
    ),
    "answered": Event("info", "part", "The part answers again."),
    "heartbeats_unsent": Event(
        "warning", "topic error", "Heartbeats are not taken: the live page shows this process as gone. Logged once."
    ),
    "fenced": Event("warning", PLACE, "Another process owns the partition."),
    "paused": Event(
        "error", f"{PLACE} dead_letters", "Too many consecutive dead letters: the partition is served no further."
    ),
    "refused": Event(
        "error",
        f"{SUBJECT} error reason",
        "The database refuses the write of this request. A fault of the service or its database.",
    ),
    "inconsistent": Event(
        "error",
        f"{SUBJECT} reservation_id reason",
        "A reservation disagrees with its codes; the request becomes a dead letter.",
    ),
    "reply_topic_unusable": Event(
        "warning", "topic reason", "An allowed reply topic gets no copies: `missing`, `failing` or `suspected`."
    ),
    "reply_topic_usable": Event("info", "topic", "The topic gets copies again."),
    "dead_letter": Event("debug", f"{PLACE} offset reason detail", "Rejected record; none of its values is logged."),
    "conflict": Event("debug", f"{PLACE} cause", "A plan was stale; the batch is planned again."),
    "store_refused": Event("debug", "topic cause", "The database refused a write; the request is retried alone."),
    "batch": Event(
        "debug", f"{PLACE} first_offset last_offset records outcomes seconds", "A batch was answered and committed."
    ),
    "chunk_halved": Event(
        "warning",
        "request_id campaign_id rows setting error reason",
        "A chunk of an import was too slow or too large for the database; the next chunks are smaller.",
    ),
    "chunk_full_again": Event("info", "request_id campaign_id rows", "Chunks have their configured size again."),
    "api_listening": Event("info", "host port tokens_needed", "The inventory's API and page listen."),
    "api_open": Event("warning", "host why", "The API requires no token; it can be reached from this machine only."),
    "jwt_key_skipped": Event(
        "warning", "detail reason", "An entry of the JWKS is not a usable key: its tokens get 401; all others work."
    ),
    "jwt_keys_unreadable": Event(
        "warning", "reason", "The key file cannot be read. Its last keys are used for 5 minutes."
    ),
    "jwt_keys_dropped": Event(
        "error", "reason", "The key file was unreadable for 5 minutes: every token gets 401 until it can be read."
    ),
    "secret_kept": Event(
        "warning", "reason", "A replaced secret or certificate cannot be used; the last one remains in use."
    ),
    "alert": Event("info", "stock campaign_id code_type available", "A stock alert was published."),
    "alert_known": Event("info", "stock campaign_id", "It was published before a crash, and is not published again."),
    "webhook_waits": Event("warning", "webhook reason", "A receiver takes no alert: it is sent again. Logged once."),
    "webhook_answers": Event("info", "webhook", "The receiver takes alerts again."),
    "webhook_undelivered": Event(
        "error", "webhook stock campaign_id reason", "A receiver refused the alert, or it is too old: it is dropped."
    ),
    "unreadable_event": Event("warning", "fields", "A record on `inventory.v1` is no valid event and is skipped."),
    "canary_started": Event("info", "prefix campaign_id", "The canary starts its rounds, in this campaign."),
    "canary_failed": Event(
        "warning",
        "outcome step reason",
        "A round of the canary failed: a wrong answer, none in time, or Kafka is unavailable.",
    ),
    "stopping": Event("info", "", "The process got a signal to stop."),
    "cut_short": Event("warning", "", "The work in progress did not end in time and was abandoned, uncommitted."),
    "left_open": Event("warning", "", "The clients did not close in time either; the process exits without them."),
    "stopped": Event("info", "", "The process exits."),
    "crashed": Event("error", "exception", "An unexpected error; nothing in progress is committed. The last line."),
}


class LogLine(BaseModel):
    """One line of the log."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
    """Time of the event, UTC."""
    level: Level
    """Severity."""
    event: str
    """A name of the table below, or a library's message."""
    logger: str
    """The module that logged it."""
    role: str
    """The process's role."""
    exception: str | None = None
    """A traceback without local variables."""
    trace_id: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$")] = None
    """The trace of the current batch, if tracing is on; see [tracing.md](tracing.md)."""
    request_id: str | None = None
    """The request or import that the line is about."""
    campaign_id: str | None = None
    """The campaign of that request or import."""
    reservation_id: str | None = None
    """The reservation that the line is about."""
    topic: str | None = None
    """Full name, with the prefix."""
    partition: Count | None = None
    """Number of the partition."""
    offset: Count | None = None
    """The record that the line is about."""
    first_offset: Count | None = None
    """Offset of a batch's first record."""
    last_offset: Count | None = None
    """Offset of a batch's last record."""
    records: Count | None = None
    """Records in a batch."""
    outcomes: dict[str, int] | None = None
    """Decoded requests of a batch, by outcome."""
    seconds: dict[str, float] | None = None
    """Duration of a batch, by step."""
    dead_letters: Count | None = None
    """Consecutive dead letters of a partition."""
    partitions: list[str] | None = None
    """Each as `<topic>.<number>`."""
    part: Literal["mongo", "kafka", "s3", "keys"] | None = None
    """The part that is unavailable, or available again."""
    error: str | None = None
    """Class of the error."""
    reason: str | None = None
    """The reason, without values."""
    detail: str | None = None
    """The field of a record that is wrong, without its value."""
    cause: str | None = None
    """Of a conflict or a refused write; same values as in the metric that counts them."""
    state: Literal["running", "completed", "failed"] | None = None
    """State of an import."""
    rows_read: Count | None = None
    """Rows of an import so far; the sum of the next three."""
    inserted: Count | None = None
    """Rows that became codes."""
    duplicates: Count | None = None
    """Rows whose code already existed."""
    rejected: Count | None = None
    """Rows without a valid code."""
    rows: Count | None = None
    """Maximum rows per chunk of an import from now on."""
    setting: str | None = None
    """The setting to change."""
    host: str | None = None
    """Address of the ops port or the API."""
    port: Count | None = None
    """Port number of the ops port or the API."""
    tokens_needed: bool | None = None
    """Whether the API requires a token."""
    why: str | None = None
    """Why the API requires no token."""
    stock: Literal["low", "exhausted", "recovered"] | None = None
    """Level of a stock alert."""
    code_type: str | None = None
    """Code type of a stock alert."""
    available: int | None = None
    """Available codes, as in the stock alert."""
    webhook: str | None = None
    """Name of a receiver of stock alerts."""
    fields: list[str] | None = None
    """The wrong fields of an invalid event."""
    outcome: Literal["wrong_answer", "no_answer", "unavailable"] | None = None
    """How a round of the canary failed."""
    step: Literal["reserve", "assign", "release"] | None = None
    """The step that failed; null if the round did not get so far."""
    guarantee: str | None = None
    """`CODES_PROCESSING_GUARANTEE`."""
    prefix: str | None = None
    """`CODES_TOPICS__PREFIX`."""

    @model_validator(mode="after")
    def _is_as_declared(self) -> Self:
        """Our own events have their declared level and fields."""
        if self.logger.partition(".")[0] not in PACKAGES:
            return self
        declared = EVENTS.get(self.event)
        if declared is None:
            raise ValueError(f"undeclared event: {self.event}")
        present = self.model_fields_set - FIRST - {"trace_id"}
        if self.level != declared.level or present != set(declared.fields.split()):
            raise ValueError(f"{self.event} at {self.level} with {sorted(present)} is not as declared")
        return self


FIRST: Final = frozenset({"at", "level", "event", "logger", "role"})


def fields_table() -> str:
    """Every field and its meaning, as Markdown."""
    rows = (f"| `{name}` | {one_line(field.description)} |\n" for name, field in LogLine.model_fields.items())
    return "| field | meaning |\n|---|---|\n" + "".join(rows)


def events_table() -> str:
    """Our own events, as Markdown."""
    rows = (
        f"| `{name}` | {event.level} | {code_list(event.fields)} | {event.meaning} |\n"
        for name, event in EVENTS.items()
    )
    return "| event | level | fields | meaning |\n|---|---|---|---|\n" + "".join(rows)


def code_list(names: str) -> str:
    """Names in backquotes, separated by commas."""
    return ", ".join(f"`{name}`" for name in names.split())


def one_line(description: str | None) -> str:
    """A docstring on one line."""
    return " ".join((description or "").split())
