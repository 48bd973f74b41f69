"""The schema of the log: the fields of a line, and which of them an event has.

Out:      `LogLine`, which parses any line of any role; the tables of docs/logging.md.
Promise:  a test parses every line of a run of all roles with it, and fails for an undeclared field or event.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ops.telemetry.log import PACKAGES
from ops.telemetry.log_events import EVENTS, Level

Count = Annotated[int, Field(ge=0)]


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
    """Name of a receiver of webhooks."""
    item: str | None = None
    """Subject of an item that needs attention, such as `health:worker`."""
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
