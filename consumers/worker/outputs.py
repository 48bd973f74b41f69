"""A decided batch as records: results for the senders, events for the fans' side and the inventory, dead letters.

In:       plans and rejections of one batch.
Out:      `BatchRecords`, all records without copies; then `Outputs`, with the copies for reply topics.
Promise:  the same batch decided again gives the same records, each kind in the order of the requests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from handlers.requests.plan import Answer, Plan, is_announced
from handlers.shards import inventory_event
from producers.envelope import (
    assigned_record,
    dead_letter_record,
    invalid_result_record,
    inventory_record,
    result_record,
)
from producers.replies import with_reply
from schemas.events import CodeAssigned
from schemas.records import IncomingRecord, OutgoingRecord, Rejected
from schemas.topics import Topics


class ResultRecord(NamedTuple):
    """A result, and the request record that it answers."""

    cause: IncomingRecord
    result: OutgoingRecord


@dataclass(frozen=True, slots=True)
class BatchRecords:
    """All records of a batch but the copies."""

    results: Sequence[ResultRecord]
    events: Sequence[OutgoingRecord]
    dead_letters: Sequence[OutgoingRecord]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a batch sends."""

    records: Sequence[OutgoingRecord]
    replies_refused: int
    copied_to: frozenset[str]
    """Reply topics among them."""


def batch_records(
    plans: Sequence[Plan], rejections: Sequence[Rejected], *, topics: Topics, group: str, now: datetime
) -> BatchRecords:
    """Results in the order of their requests, events in the order of the plans, dead letters.

    `group` and `now` go into the headers of dead letters.
    """
    results = sorted(result_records(plans, rejections, topics), key=lambda pair: pair.cause.offset)
    return BatchRecords(
        results=results,
        events=[event for plan in plans for event in event_records(plan, topics)],
        dead_letters=[dead_letter_record(rejected, group=group, at=now, topics=topics) for rejected in rejections],
    )


def with_copies(built: BatchRecords, allowed: Mapping[str, int]) -> Outputs:
    """Each result with its copy, where the sender named a reply topic. `allowed` has each topic's partitions."""
    replies = [with_reply(result, cause, allowed) for cause, result in built.results]
    answers = [record for reply in replies for record in (reply.result, reply.copy) if record is not None]
    return Outputs(
        records=[*answers, *built.events, *built.dead_letters],
        replies_refused=sum(reply.refused for reply in replies),
        copied_to=frozenset(reply.copy.topic for reply in replies if reply.copy is not None),
    )


def result_records(plans: Iterable[Plan], rejections: Iterable[Rejected], topics: Topics) -> Iterator[ResultRecord]:
    """One result per readable request, and per unreadable record whose request id could be read."""
    for plan in plans:
        for answer in plan.answers:
            yield ResultRecord(answer.asked.record, result_record(answer.result, answer.asked, topics))
    for rejected in rejections:
        invalid = invalid_result_record(rejected, topics)
        if invalid is not None:
            yield ResultRecord(rejected.record, invalid)


def event_records(plan: Plan, topics: Topics) -> Iterator[OutgoingRecord]:
    """Assigned codes, then the totals."""
    for answer in filter(is_announced, plan.answers):
        for event in assigned_events(answer, plan.code_values):
            yield assigned_record(event, answer.asked.record, topics)
    for shard in plan.announced_shards:
        yield inventory_record(inventory_event(shard), topics)


def assigned_events(answer: Answer, values: Mapping[str, str]) -> Iterator[CodeAssigned]:
    """One event per code; none for a code that is gone, which `handlers.requests.plan.unannounceable` reports."""
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
