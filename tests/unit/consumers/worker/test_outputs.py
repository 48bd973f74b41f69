"""Outputs: answers in the order of the records, then events, then dead letters; the same for the same batch."""

from collections.abc import Sequence

from consumers.worker.outputs import Outputs, batch_records, with_copies
from handlers.requests.plan import Plan
from schemas.records import Headers, OutgoingRecord, Rejected
from tests.fakes.builders import (
    NOW,
    TOPICS,
    a_plan,
    a_record,
    a_reserve,
    a_result,
    an_assign_from_stock,
    an_entry,
    asked,
    body,
    facts,
    header,
)

REPLY: Headers = (("reply-topic", b"answers"),)
NO_REPLY: Headers = (("reply-topic", b"others"),)


def outputs_of(plans: Sequence[Plan], rejections: Sequence[Rejected]) -> Outputs:
    """As the worker emits them, with one reply topic of one partition."""
    built = batch_records(plans, rejections, topics=TOPICS, group="codes-worker", now=NOW)
    return with_copies(built, {"answers": 1})


def a_rejected(offset: int, request_id: str | None = "x-1", headers: Headers = ()) -> Rejected:
    """An unreadable reserve."""
    return Rejected("invalid", "value", a_record(b"{}", offset=offset, headers=headers), "reserve", request_id)


def names(records: list[OutgoingRecord]) -> list[str]:
    """The topics, in order."""
    return [TOPICS.bare(record.topic) for record in records]


def test_answers_come_in_the_order_of_what_they_answer() -> None:
    """Readable or not, whichever half of the batch they were in."""
    late = a_plan([asked(a_reserve(request_id="r-4"), offset=4)], facts(stock=1))
    early = a_plan([asked(a_reserve(request_id="r-1"), offset=1)], facts(stock=1))

    outputs = outputs_of([late, early], [a_rejected(2, "x-2"), a_rejected(0, "x-0"), a_rejected(3, None)])

    results = [record for record in outputs.records if TOPICS.bare(record.topic) == "results.v1"]
    assert ["x-0", "r-1", "x-2", "r-4"] == [body(record)["request_id"] for record in results]


def test_then_come_events_and_then_dead_letters() -> None:
    """Codes before totals."""
    plan = a_plan([asked(an_assign_from_stock(quantity=2))], facts(stock=2), shard="assign.requests.v1.0")

    outputs = outputs_of([plan], [a_rejected(1)])

    assert ["results.v1", "results.v1", "assigned.v1", "assigned.v1", "inventory.v1", "dead-letters.v1"] == names(
        list(outputs.records)
    )


def test_an_assigned_code_is_published_with_its_value() -> None:
    """Every field of the contract, one event a code."""
    plan = a_plan([asked(an_assign_from_stock(quantity=2))], facts(stock=2))

    events = [body(record) for record in outputs_of([plan], []).records if record.topic == "t.assigned.v1"]

    assert {
        "campaign_id": "summer",
        "fan_id": "fan-1",
        "code_id": "c-1",
        "code": "SECRET-1",
        "code_type": "tm",
        "request_id": "s-1",
        "reservation_id": "s-1",
        "assigned_at": "2026-11-24T02:00:00.000Z",
    } == events[0]
    assert ["c-1", "c-2"] == [event["code_id"] for event in events]


def test_totals_are_published_as_they_are_after_the_batch() -> None:
    """Every field of the contract, and not the database's own id."""
    plan = a_plan([asked(a_reserve())], facts(stock=1))

    (event,) = (body(record) for record in outputs_of([plan], []).records if record.topic == "t.inventory.v1")

    assert {
        "campaign_id": "summer",
        "code_type": "tm",
        "shard": "reserve.requests.v1.0",
        "version": 1,
        "available": -1,
        "reserved": 1,
        "assigned": 0,
        "cause": "reserve",
        "changed_at": "2026-11-24T02:00:00.000Z",
    } == event


def test_a_code_value_is_in_assigned_events_alone() -> None:
    """Whatever the batch did."""
    plan = a_plan([asked(an_assign_from_stock()), asked(a_reserve(), offset=1)], facts(stock=2))

    telling = [record for record in outputs_of([plan], []).records if b"SECRET" in (record.value or b"")]

    assert ["assigned.v1"] == names(telling)


def test_a_record_read_again_says_the_same_bytes() -> None:
    """Same results, same events, same ids."""
    request = asked(an_assign_from_stock())
    first = a_plan([request], facts(stock=1), shard="assign.requests.v1.0")
    (entry,) = first.new_entries
    (shard,) = first.announced_shards

    again = a_plan([request], facts(decided=[entry], shards=[shard], code_values={"c-1": "SECRET-1"}))

    assert outputs_of([first], []) == outputs_of([again], [])


def test_a_repeat_of_a_sender_is_answered_and_nothing_else() -> None:
    """The code was published once."""
    entry = an_entry(asked(an_assign_from_stock()), a_result(request_id="s-1", outcome="assigned", expires_at=None))
    plan = a_plan([asked(an_assign_from_stock(), offset=5)], facts(decided=[entry]))

    assert ["results.v1"] == names(list(outputs_of([plan], []).records))


def test_a_reply_follows_its_result() -> None:
    """For a readable record and for an unreadable one."""
    plan = a_plan([asked(a_reserve(), headers=REPLY)], facts(stock=1))

    outputs = outputs_of([plan], [a_rejected(1, headers=REPLY)])

    assert ["t.results.v1", "answers", "t.results.v1", "answers"] == [record.topic for record in outputs.records[:4]]
    assert outputs.records[2].value == outputs.records[3].value
    assert 0 == outputs.replies_refused


def test_replies_that_are_refused_are_counted() -> None:
    """And said on each result."""
    plan = a_plan([asked(a_reserve(), headers=NO_REPLY)], facts(stock=1))

    outputs = outputs_of([plan], [a_rejected(1, headers=NO_REPLY)])

    assert 2 == outputs.replies_refused
    assert [b"others", b"others"] == [header(record, "reply-refused") for record in outputs.records[:2]]
