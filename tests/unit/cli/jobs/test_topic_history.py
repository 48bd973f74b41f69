"""Which records are about a fan or a code, and what a history says of them."""

from typing import Any

import orjson
import pytest

from cli.jobs.topic_history import Subject, event_of
from handlers.histories import Moves
from ops.broker.records import fields_of
from schemas.topics import DEAD_LETTERS, RESERVE, RESULTS
from tests.fakes.builders import FAN, a_record, a_reservation

KNOWN = Moves([a_reservation()], [])
OF_FAN = Subject.of_fan(FAN, KNOWN, None)
OF_CODE = Subject.of_code("c-1", KNOWN)


def concerns(subject: Subject, value: Any, key: bytes = b"key") -> bool:
    """Whether a record with these fields is about it."""
    record = a_record(value, key=key)
    return subject.concerns(record, fields_of(record.value))


@pytest.mark.parametrize(
    ("value", "of_fan", "of_code"),
    [
        ({"fan_id": FAN}, True, False),
        ({"fan_id": "fan-2"}, False, False),
        ({"reservation_id": "r-1"}, True, True),
        ({"request_id": "r-1", "fan_id": "fan-2"}, True, True),
        ({"code_ids": ["c-0", "c-1"]}, False, True),
        ({"code_id": "c-1"}, False, True),
        ({"code_ids": "c-1", "request_id": 7}, False, False),
        ({}, False, False),
    ],
)
def test_a_record_is_recognized_by_its_ids(value: dict[str, Any], *, of_fan: bool, of_code: bool) -> None:
    """The fan's, the code's, or those of requests and reservations that the database knows."""
    assert (of_fan, of_code) == (concerns(OF_FAN, value), concerns(OF_CODE, value))


def test_an_unreadable_record_is_recognized_by_its_key() -> None:
    """Senders are advised to use the fan."""
    assert concerns(OF_FAN, b"{", key=FAN.encode())
    assert not concerns(OF_FAN, b"{")


def test_a_campaign_limits_the_records() -> None:
    """A record that names none is left out."""
    subject = Subject.of_fan(FAN, KNOWN, "spring")

    assert concerns(subject, {"fan_id": FAN, "campaign_id": "spring"})
    assert not concerns(subject, {"fan_id": FAN, "campaign_id": "summer"})
    assert not concerns(subject, b"{", key=FAN.encode())


def test_a_record_as_an_event_has_its_place_and_no_value_of_a_code() -> None:
    """Whatever else it contains."""
    fields = {"request_id": "r-1", "fan_id": FAN, "operation": "assign", "reason": "out_of_stock", "code": "SECRET-1"}
    record = a_record(fields, partition=3, offset=7)

    event = event_of(record, fields, "answered", RESULTS.name)

    assert ("results.v1.3@7", "assign", "out_of_stock") == (event.known_from, event.operation, event.reason)
    assert "SECRET" not in event.model_dump_json()


def test_a_malformed_record_is_an_event_too() -> None:
    """What cannot be read is null; a dead letter has its own reason."""
    letter = a_record(orjson.dumps({"request_id": "a b", "reason": ["x"]}), headers=(("dlq-reason", b"invalid"),))
    fields = fields_of(letter.value)

    dead = event_of(letter, fields, "dead_letter", DEAD_LETTERS.name)
    sent = event_of(letter, fields, "sent", RESERVE.name)

    assert (None, "invalid", None) == (dead.request_id, dead.reason, dead.operation)
    assert (None, "reserve") == (sent.reason, sent.operation)
