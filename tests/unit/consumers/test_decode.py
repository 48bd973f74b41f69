"""Decode: whatever comes in is a request or a rejection, and a rejection never says what was in it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.decode import decode_command
from schemas.records import Asked, Rejected
from schemas.requests import AssignFromStock, AssignReservation, Request, content_digest
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE
from tests.fakes.builders import SIZES, a_record, a_release, a_reserve, an_assign, an_assign_from_stock
from tests.fakes.rejections import CANARY, RESERVE_FIELDS, decoded, rejection


@pytest.mark.parametrize(
    ("request_", "topic"),
    [
        (a_reserve(), RESERVE.name),
        (an_assign(), ASSIGN.name),
        (an_assign_from_stock(), ASSIGN.name),
        (a_release(), RELEASE.name),
    ],
)
def test_a_good_record_is_the_request_it_holds(request_: Request, topic: str) -> None:
    """With its digest, its place and the record itself."""
    record = a_record(request_.to_json(), topic=topic, partition=3, offset=17)

    assert Asked(request_, content_digest(request_), f"{topic}.3@17", record) == decoded(record, topic)


def test_a_command_is_read_like_a_request() -> None:
    """From the command topic."""
    fields = {"request_id": "i-1", "campaign_id": "summer", "bucket": "codes", "key": "a.csv"}

    found = decode_command(a_record(fields, topic=IMPORT.name), SIZES)

    assert isinstance(found, Asked)
    assert found.request.key == "a.csv"


def test_a_command_that_cannot_be_read_has_no_operation() -> None:
    """There is no result to an import."""
    found = decode_command(a_record({"request_id": "i-1"}, topic=IMPORT.name), SIZES)

    assert isinstance(found, Rejected)
    assert ("invalid", None, "i-1") == (found.reason, found.operation, found.request_id)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (None, "value: empty"),
        (b"", "value: empty"),
        (b"   ", "value: not JSON (line 1, column 4)"),
        (b"{", "value: not JSON (line 1, column 2)"),
        (b"XYZZY-canary", "value: not JSON (line 1, column 1)"),
        (b'{"request_id": "XYZZY-canary"', "value: not JSON (line 1, column 30)"),
        (b'\xef\xbb\xbf{"request_id": "r-1"}', "value: not JSON (line 1, column 1)"),
        (b'{"request_id": NaN}', "value: not JSON (line 1, column 16)"),
        (b"[" * 5_000, "value: not JSON (line 1, column 1025)"),
        ('{"fan_id": "ä"}'.encode("latin-1"), "value: not UTF-8 (line 1, column 1)"),
        ('{"fan_id": "XYZZY-canary"}'.encode("utf-16"), "value: not UTF-8 (line 1, column 1)"),
        (b'{"fan_id": "\\ud800"}', "value: not JSON (line 1, column 13)"),
    ],
)
def test_what_is_not_json_is_said_by_place(value: bytes | None, detail: str) -> None:
    """A tombstone, an empty value, half a value, another encoding."""
    found = rejection(a_record(value))

    assert "not_json" == found.reason
    assert detail.partition("(")[0] == found.detail.partition("(")[0]
    assert CANARY not in found.detail
    assert (None, None, None) == (found.request_id, found.campaign_id, found.fan_id)


@pytest.mark.parametrize("value", [b"[]", b'"XYZZY-canary"', b"7", b"null", b"true", b'[{"request_id": "r-1"}]'])
def test_json_that_is_no_object_is_invalid(value: bytes) -> None:
    """Even if it holds one."""
    assert ("invalid", "value: must be a JSON object") == (
        rejection(a_record(value)).reason,
        rejection(a_record(value)).detail,
    )


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"request_id": None}, "request_id: Input should be a valid string"),
        ({"request_id": ["XYZZY-canary"]}, "request_id: Input should be a valid string"),
        ({"campaign_id": 7}, "campaign_id: Input should be a valid string"),
        ({"campaign_id": "XYZZY canary"}, "campaign_id: String should match pattern"),
        ({"fan_id": "XYZZY-canary/"}, "fan_id: String should match pattern"),
        ({"fan_id": "x" * 129}, "fan_id: String should match pattern"),
        ({"fan_id": "fan\n"}, "fan_id: String should match pattern"),
        ({"code_type": "XYZZY-canary"}, "code_type: Input should be 'tm' or 'external'"),
        ({"quantity": 0}, "quantity: Input should be greater than or equal to 1"),
        ({"quantity": 101}, "quantity: Input should be less than or equal to 100"),
        ({"quantity": 10**40}, "quantity: Input should be a valid integer"),
        ({"quantity": "2"}, "quantity: Input should be a valid integer"),
        ({"quantity": 1.5}, "quantity: Input should be a valid integer"),
        ({"quantity": True}, "quantity: Input should be a valid integer"),
        ({"ttl_s": 0}, "ttl_s: Input should be greater than or equal to 1"),
        ({"ttl_s": 2_592_001}, "ttl_s: Input should be less than or equal to 2592000"),
        ({"request_id": "expire:XYZZY-canary:1"}, "request_id: Value error, may not begin with `expire:`"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_never_repeated(changes: dict[str, Any], detail: str) -> None:
    """With the reason; the value may be a secret."""
    found = rejection(a_record(RESERVE_FIELDS | changes))

    assert "invalid" == found.reason
    assert found.detail.startswith(detail)
    assert CANARY not in found.detail


@pytest.mark.parametrize("field", ["request_id", "campaign_id", "fan_id"])
def test_a_field_that_is_missing_is_named(field: str) -> None:
    """And what else could be read serves to answer."""
    fields = {name: value for name, value in RESERVE_FIELDS.items() if name != field}

    found = rejection(a_record(fields))

    assert f"{field}: Field required" == found.detail
    assert (fields.get("request_id"), fields.get("campaign_id"), fields.get("fan_id")) == (
        found.request_id,
        found.campaign_id,
        found.fan_id,
    )


def test_all_problems_are_named_up_to_a_limit() -> None:
    """Five of them, however many there are."""
    found = rejection(a_record({"quantity": "x", "ttl_s": "x", "code_type": "x", "request_id": 1}))

    assert 5 == len(found.detail.split("; "))


def test_a_record_that_names_a_reservation_means_it() -> None:
    """A malformed one is not taken for an assign from stock, which would give other codes."""
    fields = RESERVE_FIELDS | {"reservation_id": None}

    assert (
        "reservation_id: Input should be a valid string"
        == rejection(a_record(fields, topic=ASSIGN.name), ASSIGN.name).detail
    )
    del fields["reservation_id"]
    found = decoded(a_record(fields, topic=ASSIGN.name), ASSIGN.name)
    assert isinstance(found, Asked)
    assert isinstance(found.request, AssignFromStock)
    found = decoded(a_record(fields | {"reservation_id": "r-1", "quantity": "x"}, topic=ASSIGN.name), ASSIGN.name)
    assert isinstance(found, Asked)
    assert isinstance(found.request, AssignReservation)


def test_a_rejection_says_which_operation_was_meant() -> None:
    """It follows from the topic."""
    assert "release" == rejection(a_record({}, topic=RELEASE.name), RELEASE.name).operation


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["request_id", "campaign_id", "fan_id", "reservation_id", "code_type", "quantity", "ttl_s", "reason"]


@settings(deadline=None)  # the machine is shared
@given(
    topic=st.sampled_from([RESERVE.name, ASSIGN.name, RELEASE.name]),
    fields=st.dictionaries(st.sampled_from(NAMES), JSON_VALUES),
)
def test_no_json_breaks_it_and_none_is_repeated(topic: str, fields: dict[str, Any]) -> None:
    """Never raises for bad input, and never repeats a value of it."""
    found = decoded(a_record(json.dumps(fields).encode(), topic=topic), topic)

    assert isinstance(found, Asked) or CANARY not in found.detail


@settings(deadline=None)  # the machine is shared
@given(value=st.binary(max_size=200), headers=st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary())))
def test_no_bytes_break_it(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    """In the value and in the headers."""
    assert decoded(a_record(value, headers=tuple(headers))).record.value == value
