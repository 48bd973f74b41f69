"""What the topics have about a fan or a code, beside the database: requests, results, events, dead letters.

In:       a fan or a code, with the ids that the database knows of it.
Out:      `HistoryEvent`s, in the order of the topics.
Promise:  no value of a code. Reads every topic from its beginning to its present end, once.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Self

from cli.jobs.tailing import Selection, follow
from consumers.decode import readable_id
from handlers.histories import Moves
from ops.broker.records import Fields, fields_behind_prefix, text
from ops.settings.load import Settings
from schemas.base import Operation
from schemas.histories import Happening, HistoryEvent
from schemas.records import IncomingRecord
from schemas.topics import ASSIGN, ASSIGNED, DEAD_LETTERS, RELEASE, REQUEST_TOPICS, RESERVE, RESULTS, Topics

HAPPENED: Final[dict[str, Happening]] = {
    **{topic.name: "sent" for topic in REQUEST_TOPICS},
    RESULTS.name: "answered",
    ASSIGNED.name: "published",
    DEAD_LETTERS.name: "dead_letter",
}
OPERATIONS: Final[dict[str, Operation]] = {RESERVE.name: "reserve", ASSIGN.name: "assign", RELEASE.name: "release"}
BY_NAME: Final[dict[str, Operation]] = {str(operation): operation for operation in OPERATIONS.values()}
REASON: Final = "dlq-reason"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what the records are about."""

    fan_id: str | None = None
    code_id: str | None = None
    campaign_id: str | None = None
    """Only records of this campaign."""
    ids: frozenset[str] = frozenset()
    """Requests and reservations that the database knows of it."""

    @classmethod
    def of_fan(cls, fan_id: str, moves: Moves, campaign_id: str | None) -> Self:
        """A fan, perhaps in one campaign only."""
        return cls(fan_id=fan_id, campaign_id=campaign_id, ids=ids_of(moves))

    @classmethod
    def of_code(cls, code_id: str, moves: Moves) -> Self:
        """A code."""
        return cls(code_id=code_id, ids=ids_of(moves))

    def concerns(self, record: IncomingRecord, fields: Fields) -> bool:
        """Whether a record is about it. A record that cannot be read has only its key."""
        if self.campaign_id is not None and fields.get("campaign_id") != self.campaign_id:
            return False
        if self.fan_id is not None and self.fan_id in {fields.get("fan_id"), text(record.key)}:
            return True
        if self.code_id is not None and self.code_id in code_ids_in(fields):
            return True
        return not self.ids.isdisjoint(ids_in(fields))


def ids_of(moves: Moves) -> frozenset[str]:
    """Ids of requests and reservations."""
    return frozenset({*(held.id for held in moves.reservations), *(entry.id for entry in moves.entries)})


def ids_in(fields: Fields) -> set[str]:
    """The request and the reservation that a record names."""
    found = (readable_id(fields.get(name)) for name in ("request_id", "reservation_id"))
    return {name for name in found if name is not None}


def code_ids_in(fields: Fields) -> tuple[str, ...]:
    """The codes that a result or an event names."""
    listed = fields.get("code_ids")
    several = listed if isinstance(listed, list) else []
    return tuple(code_id for code_id in (fields.get("code_id"), *several) if isinstance(code_id, str))


async def records_about(settings: Settings, subject: Subject) -> AsyncIterator[HistoryEvent]:
    """The records about a fan or a code.

    Raises:
        TopicMissing, BrokerUnavailable: see `ops.broker.reading`.
    """
    topics = Topics(settings.topics.prefix)
    for name, what in HAPPENED.items():
        selection = Selection(topics.prefix + name, from_beginning=True, follow=False)
        async with aclosing(follow(settings, selection)) as records:
            async for record in records:
                fields = fields_behind_prefix(record.value)
                if subject.concerns(record, fields):
                    yield event_of(record, fields, what, name)


def event_of(record: IncomingRecord, fields: Fields, what: Happening, topic: str) -> HistoryEvent:
    """A record as an event; of an unreadable one, what can be read."""
    reason = text(record.header(REASON)) if what == "dead_letter" else fields.get("reason")
    return HistoryEvent(
        at=record.at,
        what=what,
        operation=OPERATIONS.get(topic) or BY_NAME.get(str(fields.get("operation"))),
        campaign_id=readable_id(fields.get("campaign_id")),
        fan_id=readable_id(fields.get("fan_id")),
        request_id=readable_id(fields.get("request_id")),
        reservation_id=readable_id(fields.get("reservation_id")),
        reason=reason if isinstance(reason, str) else None,
        code_ids=code_ids_in(fields),
        known_from=f"{topic}.{record.partition}@{record.offset}",
    )
