"""What an audit is made from: records as an outsider read them, and what the database holds.

Out:      `History`, with views of its records that several checks need.
Promise:  nothing here fails for a malformed record: it is left as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from pydantic import ValidationError

from ops.broker.records import Fields, fields_of, text
from schemas.base import CodeType, Model
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.problems import problems
from schemas.records import IncomingRecord
from schemas.results import Result
from schemas.settings import ProcessingGuarantee
from schemas.topics import (
    ASSIGNED,
    IMPORTS,
    INVENTORY,
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


def document_of(code: CodeRow) -> Fields:
    """The code as a document of `codes`."""
    names = {"id": "_id", "value": "code"}
    return {names.get(name, name): field for name, field in code._asdict().items()}


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
    """A record of an out topic, with its fields."""

    record: IncomingRecord
    ce_id: str
    fields: Fields


@dataclass(frozen=True)
class History:
    """All that an audit looks at."""

    records: Mapping[str, Sequence[IncomingRecord]]
    """By topic name without prefix; out topics read before in topics, so that every cause is there."""
    database: Database
    """Read after the topics."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Logs and metrics by name: what else might contain a code."""
    committed: Mapping[tuple[str, int], int] | None = None
    """The next offset of each (full topic, partition), taken before the topics were read; None: all is served."""
    since_ms: int = 0
    """Retention has removed records before this (milliseconds since 1970); 0: nothing is gone."""
    retained_since_ms: Mapping[str, int] = field(default_factory=dict)
    """The same per topic, by name without prefix; `since_ms` for a topic that is not listed."""
    expired_topics: frozenset[str] = frozenset()
    """Topics with a partition whose records have all been removed by retention."""
    blocked_by_open_transaction: frozenset[str] = frozenset()
    """Topics whose last records cannot be read, because a transaction is open."""
    read_at_ms: int | None = None
    """When it was read; None: holds are not judged by the clock."""
    is_quiet: bool = True
    """Nothing was asked for while all this was read."""
    guarantee: ProcessingGuarantee = "exactly_once"

    @cached_property
    def results(self) -> tuple[Event, ...]:
        """The readable records of `results.v1`."""
        return tuple(self.events(RESULTS))

    @cached_property
    def malformed(self) -> Mapping[Place, str]:
        """Records of out topics that break the contract, and how."""
        records = ((record, topic) for topic in MODELS for record in self.records.get(topic, ()))
        found = ((place_of(record), problems_of(record, topic)) for record, topic in records)
        return {place: problem for place, problem in found if problem}

    def events(self, topic: TopicSpec) -> Iterator[Event]:
        """An out topic's readable records with their ids and fields."""
        for record in self.records.get(topic.name, ()):
            if place_of(record) not in self.malformed:
                yield Event(record, text(record.header("ce_id")), fields_of(record.value))


def problems_of(record: IncomingRecord, topic: str) -> str:
    """How a record of an out topic differs from the contract; empty if it does not."""
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
    is_readable = partition.isdigit() and offset.isdigit()
    numbers = (int(partition), int(offset)) if is_readable else (-1, -1)
    return Place(text(letter.header("dlq-topic")), *numbers)
