"""The facts that are logged: which event each becomes, at which level, with which fields.

In:       facts of `schemas.observation`.
Out:      `LINES`, by kind of fact; kinds that are not in it are not logged. The schema is `ops.telemetry.log_schema`.
Promise:  no code, and of a record that cannot be read no field: anything may stand there. Nothing is logged for each
          request or batch above DEBUG: a sender may be wrong 5,000 times a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Literal, NamedTuple, TypeVar

from schemas.documents import ImportDocument
from schemas.observation.imports import ChunkGrown, ChunkHalved, ImportLeft, ImportStarted
from schemas.observation.partitions import PartitionFencedOff, PartitionHalted, PartitionsAssigned
from schemas.observation.requests import (
    BatchReport,
    DeadLetterWritten,
    PlanConflicted,
    ReplyTopicUnusable,
    ReplyTopicUsable,
    RequestUnwritable,
    ReservationDisagrees,
    WriteRefused,
)

ROWS_SETTING: Final = "CODES_IMPORTER__ROWS_PER_CHUNK_MAX"

Level = Literal["debug", "info", "warning", "error"]
EventFields = Mapping[str, Any]
F = TypeVar("F")


class Line(NamedTuple):
    """How one kind of fact is logged."""

    level: Level
    event: str
    fields: Callable[[Any], EventFields]


def batch_fields(batch: BatchReport) -> EventFields:
    """Figures only."""
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "first_offset": batch.first_offset,
        "last_offset": batch.last_offset,
        "records": batch.records,
        "outcomes": dict(batch.outcomes),
        "seconds": {step: round(seconds, 6) for step, seconds in batch.seconds.items()},
    }


def dead_letter_fields(fact: DeadLetterWritten) -> EventFields:
    """The place and the reason; no field of a record that cannot be read: anything may stand there."""
    record = fact.rejected.record
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": fact.rejected.reason,
        "detail": fact.rejected.detail,
    }


def unwritable_fields(fact: RequestUnwritable) -> EventFields:
    """Neither the dead letter nor the end event can say why, and it is the operator's to mend."""
    return {**asdict(fact.subject), "error": type(fact.error).__name__, "reason": str(fact.error)}


def disagreement_fields(fact: ReservationDisagrees) -> EventFields:
    """Names the reservation: it is the operator's to mend."""
    return {**asdict(fact.subject), "reservation_id": fact.why.reservation_id, "reason": fact.why.detail}


def assignment_fields(fact: PartitionsAssigned) -> EventFields:
    """Partitions as `topic.number`, sorted."""
    return {"partitions": [f"{topic}.{number}" for topic, number in sorted(fact.partitions)]}


def halved_fields(fact: ChunkHalved) -> EventFields:
    """Names the setting: each time costs the whole of a time-out."""
    return {
        "request_id": fact.document.id,
        "campaign_id": fact.document.campaign_id,
        "rows": fact.rows,
        "setting": ROWS_SETTING,
        "error": type(fact.error).__name__,
        "reason": str(fact.error),
    }


def import_fields(document: ImportDocument) -> EventFields:
    """The import's ids and counts so far."""
    return {
        "request_id": document.id,
        "campaign_id": document.campaign_id,
        "rows_read": document.rows_read,
        "inserted": document.inserted,
        "duplicates": document.duplicates_in_file + document.duplicates_in_campaign,
        "rejected": document.rejected,
    }


LINES: Final[Mapping[type, Line]] = {
    BatchReport: Line("debug", "batch", batch_fields),
    DeadLetterWritten: Line("debug", "dead_letter", dead_letter_fields),
    PlanConflicted: Line("debug", "conflict", asdict),
    WriteRefused: Line("debug", "store_refused", asdict),
    RequestUnwritable: Line("error", "refused", unwritable_fields),
    ReservationDisagrees: Line("error", "inconsistent", disagreement_fields),
    ReplyTopicUnusable: Line(
        "warning", "reply_topic_unusable", lambda fact: {"topic": fact.topic, "reason": fact.why}
    ),
    ReplyTopicUsable: Line("info", "reply_topic_usable", asdict),
    PartitionsAssigned: Line("info", "assigned", assignment_fields),
    PartitionFencedOff: Line("warning", "fenced", asdict),
    PartitionHalted: Line("error", "paused", asdict),
    ImportStarted: Line("info", "import_began", lambda fact: import_fields(fact.document)),
    ImportLeft: Line(
        "info",
        "import_left",
        lambda fact: {"state": fact.document.state, "reason": fact.document.reason, **import_fields(fact.document)},
    ),
    ChunkHalved: Line("warning", "chunk_halved", halved_fields),
    ChunkGrown: Line(
        "info",
        "chunk_full_again",
        lambda fact: {
            "request_id": fact.document.id,
            "campaign_id": fact.document.campaign_id,
            "rows": fact.rows,
        },
    ),
}
