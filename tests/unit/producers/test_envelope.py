"""Envelopes: every header of CloudEvents, ids that repeat, keys as the contract's table has them."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from producers.envelope import (
    NAMESPACE,
    assigned_record,
    event_id,
    import_record,
    invalid_result_record,
    inventory_record,
    result_record,
)
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged
from schemas.records import OutgoingRecord
from tests.fakes.builders import (
    FAN,
    HOUR,
    NOW,
    TOPICS,
    a_record,
    a_reserve,
    a_result,
    asked,
    body,
    cloud_event,
    header,
)
from tests.fakes.rejections import a_dead_letter, a_rejected

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ASSIGNED = CodeAssigned(
    campaign_id="summer",
    fan_id=FAN,
    code_id="c-1",
    code="SECRET-1",
    code_type="tm",
    request_id="a-1",
    reservation_id="r-1",
    assigned_at=NOW,
)
INVENTORY = InventoryChanged(
    campaign_id="summer",
    code_type="tm",
    shard="reserve.requests.v1.0",
    version=4,
    available=-7,
    reserved=6,
    assigned=1,
    cause="reserve",
    changed_at=NOW,
)
IMPORTED = ImportProgressed(import_id="i-1", campaign_id="summer", code_type="tm", state="running", at=NOW)


@pytest.mark.parametrize(
    ("record", "topic", "key", "kind", "subject"),
    [
        (result_record(a_result(), asked(a_reserve()), TOPICS), "results.v1", b"key", "result", "r-1"),
        (assigned_record(ASSIGNED, a_record(b""), TOPICS), "assigned.v1", b"fan-1", "assigned", "c-1"),
        (inventory_record(INVENTORY, TOPICS), "inventory.v1", b"summer", "inventory", "summer"),
        (import_record(IMPORTED, "i-1:0", TOPICS), "imports.v1", b"summer", "import", "i-1"),
    ],
)
def test_every_record_is_a_cloudevent_under_its_key(
    record: OutgoingRecord, topic: str, key: bytes, kind: str, subject: str
) -> None:
    """In Kafka's binary mode, on the topic that the contract says."""
    assert ("t." + topic, key) == (record.topic, record.key)
    assert {
        "ce_specversion": b"1.0",
        "ce_source": b"/code-service",
        "ce_type": f"codes.{kind}.v1".encode(),
        "ce_subject": subject.encode(),
        "ce_time": b"2026-11-24T02:00:00.000Z",
        "content-type": b"application/json",
    } == cloud_event(record)
    assert 5 == UUID((header(record, "ce_id") or b"").decode()).version


def test_a_result_says_what_it_says_whenever_it_is_said() -> None:
    """Same request, other record, other key: same id and same body."""
    first = result_record(a_result(), asked(a_reserve(), offset=1), TOPICS)
    again = result_record(a_result(), asked(a_reserve(), offset=9, partition=2, at=NOW + HOUR), TOPICS)

    assert (first.value, header(first, "ce_id")) == (again.value, header(again, "ce_id"))


def test_ids_are_the_same_in_every_version() -> None:
    """A reader may have stored them."""
    assert b"4285a075-c52a-5d8e-991e-06d8a4767e18" == header(
        result_record(a_result(), asked(a_reserve()), TOPICS), "ce_id"
    )


@pytest.mark.parametrize("identity", ["", "r-1:0a", "campaign:tm:shard@4", "ü" * 300])
def test_an_id_is_a_uuid_of_version_5(identity: str) -> None:
    """As the standard library makes it of our namespace."""
    assert str(uuid5(NAMESPACE, f"result:{identity}")) == event_id("result", identity)


def test_different_things_have_different_ids() -> None:
    """Another content under the same request id; another code; another version of a shard; another record."""
    records = [
        result_record(a_result(), asked(a_reserve()), TOPICS),
        result_record(a_result(), asked(a_reserve(quantity=2)), TOPICS),
        assigned_record(ASSIGNED, a_record(b""), TOPICS),
        assigned_record(ASSIGNED.model_copy(update={"code_id": "c-2"}), a_record(b""), TOPICS),
        inventory_record(INVENTORY, TOPICS),
        inventory_record(INVENTORY.model_copy(update={"version": 5}), TOPICS),
        import_record(IMPORTED, "i-1:0", TOPICS),
        import_record(IMPORTED, "i-1:1", TOPICS),
        a_dead_letter(a_rejected()),
        a_dead_letter(a_rejected(a_record(b"{}", partition=3, offset=18))),
        invalid_result_record(a_rejected(), TOPICS),
    ]

    assert len(records) == len({header(record, "ce_id") for record in records if record is not None})


def test_results_and_assigned_codes_say_which_request_they_answer() -> None:
    """`ce_correlationid`, and the sender's trace as it came."""
    traced = a_record(b"", headers=(("traceparent", TRACE),))

    result = result_record(a_result(), asked(a_reserve(), headers=traced.headers), TOPICS)
    event = assigned_record(ASSIGNED, traced, TOPICS)

    assert (b"r-1", TRACE) == (header(result, "ce_correlationid"), header(result, "traceparent"))
    assert (b"a-1", TRACE) == (header(event, "ce_correlationid"), header(event, "traceparent"))


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"a\nb", b"x" * 1_000_000])
def test_what_cannot_be_a_trace_does_not_come_back(value: bytes | None) -> None:
    """A mebibyte of it would make an answer that the broker refuses, again and again."""
    record = invalid_result_record(a_rejected(a_record(b"", headers=(("traceparent", value),))), TOPICS)

    assert record is not None
    assert header(record, "traceparent") is None


@pytest.mark.parametrize(
    ("key", "expected"), [(None, None), (b"", b""), (b"k" * 65_536, b"k" * 65_536), (b"k" * 65_537, None)]
)
def test_a_result_goes_under_the_requests_key(key: bytes | None, expected: bytes | None) -> None:
    """Unless that alone would be too much."""
    record = invalid_result_record(a_rejected(a_record(b"", key=key)), TOPICS)

    assert record is not None
    assert expected == record.key


def test_an_unreadable_record_is_answered_as_an_invalid_request() -> None:
    """With what could be read of it, dated by the record: a redelivery says the same."""
    record = invalid_result_record(a_rejected(), TOPICS)

    assert record is not None
    assert {
        "request_id": "r-1",
        "operation": "reserve",
        "outcome": "refused",
        "campaign_id": "summer",
        "fan_id": "fan-1",
        "code_type": None,
        "quantity": None,
        "code_ids": [],
        "reservation_id": None,
        "expires_at": None,
        "reason": "invalid_request",
        "decided_at": "2026-11-24T02:00:00.000Z",
    } == body(record)
    assert b"r-1" == header(record, "ce_correlationid")


@pytest.mark.parametrize("changes", [{"request_id": None}, {"operation": None}])
def test_nobody_is_answered_without_a_request(changes: dict[str, Any]) -> None:
    """No id, or an import command."""
    assert invalid_result_record(a_rejected(**changes), TOPICS) is None
