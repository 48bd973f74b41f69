"""What an audit is made from: records as an outsider read them, and what the database holds.

Out:      `History`, with views of its records that several checks need.
Promise:  nothing here fails for a record that says nonsense: it is left as it came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from pydantic import ValidationError

from consumers.decode import problems, readable_id
from ops.records import Fields, fields_of, text
from schemas.base import EXPIRER_PREFIX, CodeType, Model
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.records import IncomingRecord
from schemas.results import Result
from schemas.settings import ProcessingGuarantee
from schemas.topics import (
    ASSIGNED,
    DEAD_LETTERS,
    IMPORT,
    IMPORTS,
    INVENTORY,
    REQUEST_TOPICS,
    RESULTS,
    STOCK_ALERTS,
    TopicSpec,
)

MODELS: Final[Mapping[str, type[Model]]] = {
    RESULTS.name: Result,
    ASSIGNED.name: CodeAssigned,
    INVENTORY.name: InventoryChanged,
    IMPORTS.name: ImportProgressed,
    STOCK_ALERTS.name: StockAlert,
}
"""What the out topics hold, dead letters aside."""


class CodeRow(NamedTuple):
    """One code as the database has it."""

    id: str
    campaign_id: str
    value: str
    """The secret."""
    code_type: CodeType
    status: str
    imported_by: str


class Place(NamedTuple):
    """Where a record stands. `topic` is its full name."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}.{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Database:
    """The collections at one time, documents as they are."""

    codes: Sequence[CodeRow] = ()
    reservations: Sequence[Fields] = ()
    requests: Sequence[Fields] = ()
    inventory: Sequence[Fields] = ()
    imports: Sequence[Fields] = ()
    owners: Sequence[Fields] = ()
    rejects: Sequence[Fields] = ()
    cancellations: Sequence[Fields] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A record of an out topic, with what it says."""

    record: IncomingRecord
    ce_id: str
    says: Fields


@dataclass(frozen=True, slots=True)
class Asking:
    """A record of a request or command topic."""

    record: IncomingRecord
    request_id: str | None
    """None where none can be read: then only a dead letter can answer."""
    is_served: bool
    """Its offset was committed before the out topics were read."""
    is_rejected: bool
    """A dead letter was written for it."""

    @property
    def must_be_answered(self) -> bool:
        """Whether somebody waits for an answer under its id. Nobody is answered for a malformed `expire:` id."""
        if self.request_id is None:
            return False
        return not (self.is_rejected and self.request_id.startswith(EXPIRER_PREFIX))


@dataclass(frozen=True)
class History:
    """All that an audit looks at."""

    records: Mapping[str, Sequence[IncomingRecord]]
    """By topic name without prefix; out topics read before in topics, so that every cause is there."""
    database: Database
    """Read after the topics."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Logs and metrics by name: what else might tell a secret."""
    committed: Mapping[tuple[str, int], int] | None = None
    """The next offset of each (full topic, partition), taken before the topics were read; None: all is served."""
    since_ms: int = 0
    """Retention has removed records before this (milliseconds since 1970); 0: nothing is gone."""
    is_quiet: bool = True
    """Nothing was asked for while all this was read."""
    guarantee: ProcessingGuarantee = "exactly_once"

    @property
    def is_whole(self) -> bool:
        """Nothing is gone and nothing moved: the accounts must agree exactly."""
        return self.is_quiet and self.since_ms == 0

    @cached_property
    def requests(self) -> tuple[Asking, ...]:
        """The request topics."""
        return tuple(asking for topic in REQUEST_TOPICS for asking in self._askings(topic))

    @cached_property
    def commands(self) -> tuple[Asking, ...]:
        """The command topic."""
        return tuple(self._askings(IMPORT))

    @cached_property
    def results(self) -> tuple[Event, ...]:
        """Answers."""
        return tuple(self.events(RESULTS))

    @cached_property
    def assigned(self) -> tuple[Event, ...]:
        """Codes given to fans."""
        return tuple(self.events(ASSIGNED))

    @cached_property
    def import_ends(self) -> tuple[Event, ...]:
        """The last events of imports, one for each time it was told."""
        return tuple(event for event in self.events(IMPORTS) if event.says.get("state") != "running")

    @cached_property
    def dead_letters(self) -> Mapping[Place, list[IncomingRecord]]:
        """Dead letters by the record they are about."""
        found: dict[Place, list[IncomingRecord]] = {}
        for letter in self.records.get(DEAD_LETTERS.name, ()):
            found.setdefault(source_of(letter), []).append(letter)
        return found

    @cached_property
    def malformed(self) -> Mapping[Place, str]:
        """Records of out topics that are not of the contract's form, and what is wrong with them."""
        told = ((record, topic) for topic in MODELS for record in self.records.get(topic, ()))
        found = ((place_of(record), problems_of(record, topic)) for record, topic in told)
        return {place: problem for place, problem in found if problem}

    def events(self, topic: TopicSpec) -> Iterator[Event]:
        """An out topic's readable records with their ids and fields."""
        for record in self.records.get(topic.name, ()):
            if place_of(record) not in self.malformed:
                yield Event(record, text(record.header("ce_id")), fields_of(record.value))

    def _askings(self, topic: TopicSpec) -> Iterator[Asking]:
        for record in self.records.get(topic.name, ()):
            yield Asking(
                record=record,
                request_id=readable_id(fields_of(record.value).get("request_id")),
                is_served=self._is_served(record),
                is_rejected=place_of(record) in self.dead_letters,
            )

    def _is_served(self, record: IncomingRecord) -> bool:
        committed = self.committed
        is_old_enough = record.timestamp_ms >= self.since_ms
        if committed is None:
            return is_old_enough
        return is_old_enough and record.offset < committed.get((record.topic, record.partition), 0)


def problems_of(record: IncomingRecord, topic: str) -> str:
    """What makes a record of an out topic another thing than the contract says; empty if nothing does."""
    try:
        MODELS[topic].model_validate_json(record.value or b"")
    except ValidationError as why:
        return problems(why)
    return ""


def place_of(record: IncomingRecord) -> Place:
    """Where it stands; a batch that cannot be read stands at its first offset."""
    return Place(record.topic, record.partition, record.first_offset)


def source_of(letter: IncomingRecord) -> Place:
    """The record that a dead letter is about; at -1 if it does not say."""
    partition, offset = (text(letter.header(name)) for name in ("dlq-partition", "dlq-offset"))
    is_told = partition.isdigit() and offset.isdigit()
    numbers = (int(partition), int(offset)) if is_told else (-1, -1)
    return Place(text(letter.header("dlq-topic")), *numbers)
