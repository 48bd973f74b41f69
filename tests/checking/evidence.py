"""A history, read once: what was asked, what was answered, which events there are.

In:   `History`.
Out:  `Evidence`, grouped by the ids that rules look for. All times in seconds of the history.

Memory grows with the history: about 4 KB a request, with its results and events.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.checking.history import INPUTS, History, Logged
from tests.checking.requests import (
    COMMANDS,
    EXPIRER,
    OPERATIONS,
    Command,
    Content,
    Fields,
    command_of,
    content_of,
    fields_of,
    fits,
    is_id,
)

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(slots=True)
class Asked:
    """A readable record."""

    content: Content
    record: Logged
    at_s: float


@dataclass(slots=True)
class Unreadable:
    """A record that nobody can read, and what can be read of it."""

    record: Logged
    operation: str | None
    """None: it is a command."""
    request_id: str | None
    """Under which it is answered, if any."""
    campaign_id: str | None
    fan_id: str | None
    at_s: float


@dataclass(slots=True)
class Commanded:
    """A readable import command."""

    command: Command
    record: Logged
    at_s: float


@dataclass(slots=True)
class Output:
    """A record of an output topic."""

    fields: dict[str, Any]
    record: Logged
    ce_id: bytes
    seen_s: float

    @property
    def value(self) -> bytes:
        """The body as it was sent."""
        return self.record.value or b""


def groups() -> defaultdict[str, list[Any]]:
    """Lists by id."""
    return defaultdict(list)


@dataclass(slots=True)
class Evidence:
    """All of it."""

    history: History
    began_ms: int
    """Second 0 of the history, as timestamps have it."""
    asked: dict[str, list[Asked]] = field(default_factory=groups)
    """Readable requests by `request_id`."""
    answerable: dict[str, list[Unreadable]] = field(default_factory=groups)
    """Unreadable requests by the `request_id` that could be read."""
    commanded: dict[str, list[Commanded]] = field(default_factory=groups)
    """By import."""
    unreadable: list[Unreadable] = field(default_factory=list)
    """All of them, commands too."""
    results: dict[str, list[Output]] = field(default_factory=groups)
    """By `request_id`."""
    assigned: dict[str, list[Output]] = field(default_factory=groups)
    """By `code_id`."""
    inventory: dict[tuple[str, str, str], list[Output]] = field(default_factory=dict)
    """By campaign, code type and shard."""
    imports: dict[str, list[Output]] = field(default_factory=groups)
    """By `import_id`."""
    alerts: list[Output] = field(default_factory=list)
    dead_letters: list[Logged] = field(default_factory=list)
    codes: dict[str, Fields] = field(default_factory=dict)
    """Documents by `code_id`."""
    reservations: dict[str, Fields] = field(default_factory=dict)
    """Documents by id."""

    @property
    def once(self) -> bool:
        """Whether a reader sees each output once."""
        return self.history.guarantee == "exactly_once"

    def appended_s(self, record: Logged) -> float:
        """When a record was appended, rather too early than too late: its broker's clock may be wrong."""
        stamped_s = self.stamped_s(record)
        return stamped_s if record.seen_s is None else min(record.seen_s, stamped_s)

    def shown_s(self, record: Logged) -> float:
        """When a reader had an output."""
        return self.stamped_s(record) if record.seen_s is None else record.seen_s

    def stamped_s(self, record: Logged) -> float:
        """What a record's timestamp says."""
        return (record.timestamp_ms - self.began_ms) / 1000


def evidence_of(history: History) -> Evidence:
    """Read a whole history.

    Raises:
        ValueError: there is no common clock: set `began_ms`, or `seen_s` of the inputs.
    """
    evidence = Evidence(history, beginning_of(history))
    for record in history.inputs:
        add_input(evidence, record)
    for record in history.outputs:
        add_output(evidence, record)
    evidence.codes = {document["_id"]: document for document in history.documents.get("codes", ())}
    evidence.reservations = {document["_id"]: document for document in history.documents.get("reservations", ())}
    return evidence


def beginning_of(history: History) -> int:
    """Second 0 as timestamps have it; if the history does not say, inputs with both times do.

    Raises:
        ValueError: see `evidence_of`.
    """
    if history.began_ms:
        return history.began_ms
    both = [
        record.timestamp_ms - round(1000 * record.seen_s) for record in history.inputs if record.seen_s is not None
    ]
    if not both and history.inputs and any(record.seen_s is not None for record in history.outputs):
        raise ValueError("inputs have timestamps only, outputs have seconds: set `History.began_ms`")
    return sorted(both)[len(both) // 2] if both else 0


def add_input(evidence: Evidence, record: Logged) -> None:
    """Take a request or command."""
    if record.topic not in INPUTS:
        return
    fields, at_s = fields_of(record.value), evidence.appended_s(record)
    if record.topic == COMMANDS:
        command = command_of(fields) if fits(record) else None
        if command is not None:
            evidence.commanded[command.request_id].append(Commanded(command, record, at_s))
            return
    else:
        content = content_of(record.topic, fields) if fits(record) else None
        if content is not None:
            evidence.asked[content.request_id].append(Asked(content, record, at_s))
            return
    add_unreadable(evidence, record, fields, at_s)


def add_unreadable(evidence: Evidence, record: Logged, fields: Fields, at_s: float) -> None:
    """Take a record that can only become a dead letter. Nobody is answered under an id of the expirer."""
    operation = OPERATIONS.get(record.topic)
    request_id, campaign_id, fan_id = (readable_id(fields, name) for name in ("request_id", "campaign_id", "fan_id"))
    if request_id is not None and request_id.startswith(EXPIRER):
        request_id = None
    found = Unreadable(record, operation, request_id, campaign_id, fan_id, at_s)
    evidence.unreadable.append(found)
    if operation is not None and request_id is not None:
        evidence.answerable[request_id].append(found)


def readable_id(fields: Fields, name: str) -> str | None:
    """An id, if this field has any."""
    value = fields.get(name)
    return value if is_id(value) else None


def add_output(evidence: Evidence, record: Logged) -> None:
    """Take a result, an event or a dead letter. Other topics are not judged."""
    topic = record.topic
    if topic == "dead-letters.v1":
        evidence.dead_letters.append(record)
        return
    if topic not in ("results.v1", "assigned.v1", "inventory.v1", "imports.v1", "stock-alerts.v1"):
        return
    fields = dict(fields_of(record.value))
    output = Output(fields, record, header(record, "ce_id"), evidence.shown_s(record))
    if topic == "results.v1":
        evidence.results[fields.get("request_id", "")].append(output)
    elif topic == "assigned.v1":
        evidence.assigned[fields.get("code_id", "")].append(output)
    elif topic == "inventory.v1":
        shard = (fields.get("campaign_id", ""), fields.get("code_type", ""), fields.get("shard", ""))
        evidence.inventory.setdefault(shard, []).append(output)
    elif topic == "stock-alerts.v1":
        evidence.alerts.append(output)
    else:
        evidence.imports[fields.get("import_id", "")].append(output)


def header(record: Logged, name: str) -> bytes:
    """The last header of this name; empty if there is none."""
    for found, value in reversed(record.headers):
        if found == name:
            return value or b""
    return b""
