"""A decided batch as records: what the asker, the fan's side and the inventory get to hear.

In:       plans and rejections of one batch.
Out:      `Outputs`: records in the order of what caused them, and figures for the report.
Promise:  the same batch decided again gives the same records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.requests.plan import Answer, Plan, is_announced
from handlers.shards import inventory_event
from producers.envelope import (
    assigned_record,
    dead_letter_record,
    invalid_result_record,
    inventory_record,
    result_record,
)
from producers.replies import Reply, with_reply
from schemas.events import CodeAssigned
from schemas.records import OutgoingRecord, Rejected
from schemas.topics import Topics


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a batch sends."""

    records: Sequence[OutgoingRecord]
    replies_refused: int
    copied_to: frozenset[str]
    """Reply topics among them."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: names and times that the records say."""

    topics: Topics
    group: str
    allowed_replies: Mapping[str, int]
    """Partitions of each reply topic that may be written to."""
    now: datetime


def outputs_of(plans: Sequence[Plan], rejections: Sequence[Rejected], speaker: Speaker) -> Outputs:
    """All records of a batch: results in the order of their requests, then events, then dead letters."""
    replies = [reply for _, reply in sorted(results(plans, rejections, speaker), key=lambda pair: pair[0])]
    answers = [record for reply in replies for record in (reply.result, reply.copy) if record is not None]
    events = [record for plan in plans for record in events_of(plan, speaker.topics)]
    letters = [
        dead_letter_record(one, group=speaker.group, at=speaker.now, topics=speaker.topics) for one in rejections
    ]
    copied_to = frozenset(reply.copy.topic for reply in replies if reply.copy is not None)
    return Outputs([*answers, *events, *letters], sum(reply.refused for reply in replies), copied_to)


def results(plans: Iterable[Plan], rejections: Iterable[Rejected], speaker: Speaker) -> Iterator[tuple[int, Reply]]:
    """Each answer with the offset of what it answers."""
    for plan in plans:
        for item in plan.answers:
            result = result_record(item.result, item.asked, speaker.topics)
            yield item.asked.record.offset, with_reply(result, item.asked.record, speaker.allowed_replies)
    for rejected in rejections:
        invalid = invalid_result_record(rejected, speaker.topics)
        if invalid is not None:
            yield rejected.record.offset, with_reply(invalid, rejected.record, speaker.allowed_replies)


def events_of(plan: Plan, topics: Topics) -> Iterator[OutgoingRecord]:
    """Assigned codes, then the totals."""
    for item in plan.answers:
        if is_announced(item):
            for event in assigned_events(item, plan.code_values):
                yield assigned_record(event, item.asked.record, topics)
    for shard in plan.announced_shards:
        yield inventory_record(inventory_event(shard), topics)


def assigned_events(answer: Answer, values: Mapping[str, str]) -> Iterator[CodeAssigned]:
    """One event a code; none for one that is gone, which `handlers.requests.plan.untold` reports."""
    result = answer.result
    for code_id in filter(values.__contains__, result.code_ids):
        yield CodeAssigned.model_validate(
            {
                **result.model_dump(include={"campaign_id", "fan_id", "code_type", "request_id", "reservation_id"}),
                "code_id": code_id,
                "code": values[code_id],
                "assigned_at": result.decided_at,
            }
        )
