"""Values with the prefix of a schema registry: read if the settings allow it, else as a value that is not JSON."""

from dataclasses import replace
from typing import Any, Final

import orjson
import pytest

from consumers.decode import SizeLimits, decode_command, decode_request, named_campaign
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request
from schemas.settings import WorkerSettings
from schemas.topics import IMPORT, RESERVE
from schemas.wire_format import without_prefix
from tests.fakes.builders import SIZES, a_record, a_reserve
from tests.fakes.rejections import CANARY, RESERVE_FIELDS, a_dead_letter

PREFIX: Final = b"\0\x00\x00\x00\x07"
ALLOWED: Final = SizeLimits.of(WorkerSettings(), ["json"])


def prefixed(fields: Any, prefix: bytes = PREFIX) -> bytes:
    return prefix + orjson.dumps(fields)


def decoded(record: IncomingRecord, limits: SizeLimits = ALLOWED) -> Asked[Request] | Rejected:
    return decode_request(record, RESERVE.name, limits)


def rejection(record: IncomingRecord, limits: SizeLimits = ALLOWED) -> Rejected:
    found = decoded(record, limits)
    assert isinstance(found, Rejected)
    return found


@pytest.mark.parametrize("prefix", [b"", PREFIX, b"\0\xff\xff\xff\xff", b"\0{{{{"])
def test_the_request_is_the_same_with_any_schemas_id(prefix: bytes) -> None:
    """And has the same digest: a repeat in the other form gets the same answer."""
    plain = decoded(a_record(a_reserve().to_json()), SIZES)

    found = decoded(a_record(prefix + a_reserve().to_json()))

    assert isinstance(plain, Asked)
    assert isinstance(found, Asked)
    assert plain[:-1] == found[:-1]


def test_a_command_may_have_it_too() -> None:
    """One function reads all topics."""
    fields = {"request_id": "i-1", "campaign_id": "summer", "bucket": "codes", "key": "a.csv"}

    assert isinstance(decode_command(a_record(prefixed(fields), topic=IMPORT.name), ALLOWED), Asked)


@pytest.mark.parametrize("name", ["__value_schema_id", "__key_schema_id"])
def test_the_id_may_be_in_a_header(name: str) -> None:
    """A magic byte and a GUID are no text. Other headers must be text as always, and these too by default."""
    record = a_record(a_reserve().to_json(), headers=((name, b"\x01" + b"\xff" * 16),))
    other = a_record(a_reserve().to_json(), headers=((f"{name}s", b"\xff"),))

    assert isinstance(decoded(record), Asked)
    assert "headers[0]: must be UTF-8 text" == rejection(record, SIZES).detail
    assert "headers[0]: must be UTF-8 text" == rejection(other).detail


def test_by_default_it_is_not_json() -> None:
    """Nothing of it is read, so nobody is answered."""
    found = rejection(a_record(prefixed(RESERVE_FIELDS)), SIZES)

    assert ("not_json", "value: not JSON (line 1, column 1)", None) == (found.reason, found.detail, found.request_id)


@pytest.mark.parametrize(
    "value", [PREFIX, PREFIX[:3], PREFIX * 2, PREFIX + b"\x02" + CANARY.encode(), PREFIX + PREFIX + b"{}"]
)
def test_what_is_behind_it_must_be_json(value: bytes) -> None:
    """Avro is not JSON; a prefix alone is nothing. No byte of it is repeated."""
    found = rejection(a_record(value))

    assert ("not_json", None) == (found.reason, found.request_id)
    assert CANARY not in found.detail


def test_a_wrong_field_is_named_and_the_sender_answered() -> None:
    """As without the prefix."""
    found = rejection(a_record(prefixed({**RESERVE_FIELDS, "quantity": CANARY})))

    assert ("invalid", "r-1") == (found.reason, found.request_id)
    assert "quantity" in found.detail
    assert CANARY not in found.detail


def test_the_prefix_counts_as_a_part_of_the_value() -> None:
    """A value that is too large with it is answered, if its id can be read."""
    value = prefixed(RESERVE_FIELDS)
    limits = replace(ALLOWED, value_bytes_max=len(value) - 1)

    found = rejection(a_record(value), limits)

    assert ("too_large", "r-1") == (found.reason, found.request_id)


def test_a_dead_letter_has_the_prefix() -> None:
    """The bytes of the sender, unchanged."""
    value = prefixed({**RESERVE_FIELDS, "quantity": 0})

    assert value == a_dead_letter(rejection(a_record(value))).value


@pytest.mark.parametrize("prefix", [b"", PREFIX])
def test_the_campaign_of_a_dead_letter_can_be_read(prefix: bytes) -> None:
    """By the inventory, which does not know the workers' settings."""
    assert "summer" == named_campaign(prefixed(RESERVE_FIELDS, prefix))


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0\0\1", b"{}", b"1", b'\x01\0\0\0\0{"a":1}'])
def test_a_value_without_it_stays_as_it_is(value: bytes) -> None:
    """Only a zero byte that is followed by an id and a value is a prefix."""
    assert value == without_prefix(value)
