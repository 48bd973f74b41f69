"""Decode rejects what is too large, or what is no text, and still answers where it can."""

import pytest

from schemas.records import Asked
from tests.fakes.builders import a_record
from tests.fakes.rejections import CANARY, RESERVE_FIELDS, decoded, rejection


def test_a_value_of_a_megabyte_is_too_large_and_yet_answered() -> None:
    """The detail has its size, and its request id is read."""
    found = rejection(a_record(RESERVE_FIELDS | {"padding": CANARY * 80_000}))

    assert "too_large" == found.reason
    assert f"value: {len(found.record.value or b'')} bytes, at most 65536" == found.detail
    assert ("r-1", "summer", "fan-1") == (found.request_id, found.campaign_id, found.fan_id)


def test_a_megabyte_of_anything_is_too_large() -> None:
    """And has nobody to answer."""
    found = rejection(a_record(b"x" * 1_000_000))

    assert ("too_large", None) == (found.reason, found.request_id)


def test_a_key_of_ten_kilobytes_is_too_large() -> None:
    """The key goes back on the result, so it has a limit of its own."""
    found = rejection(a_record(RESERVE_FIELDS, key=b"k" * 10_240))

    assert ("too_large", "key: 10240 bytes, at most 4096", "r-1") == (found.reason, found.detail, found.request_id)


def test_headers_together_have_a_limit() -> None:
    """Names count."""
    found = rejection(a_record(RESERVE_FIELDS, headers=(("n" * 384, b"v" * 8_000), ("b", b"v" * 8_000))))

    assert ("too_large", "headers: 16385 bytes, at most 16384") == (found.reason, found.detail)


def test_a_header_that_is_not_text_is_named_by_its_number() -> None:
    """Its name could hold a secret, too."""
    found = rejection(a_record(RESERVE_FIELDS, headers=(("a", b"fine"), (CANARY, b"\xff\xfe"))))

    assert ("invalid", "headers[1]: must be UTF-8 text") == (found.reason, found.detail)
    assert "r-1" == found.request_id


def test_springs_headers_may_hold_any_bytes() -> None:
    """A correlation id is a binary UUID; null is no text either, and harmless."""
    headers = (("kafka_correlationId", b"\xff" * 16), ("kafka_replyPartition", b"\x00\x00\x00\xff"), ("empty", None))

    assert isinstance(decoded(a_record(RESERVE_FIELDS, headers=headers)), Asked)


@pytest.mark.parametrize("request_id", ["expire:r-1:1", "a b", "", "x" * 129, 7, None])
def test_nobody_is_answered_under_an_id_that_is_none(request_id: object) -> None:
    """Or under the expirer's."""
    assert rejection(a_record({"request_id": request_id})).request_id is None


def test_a_sender_is_answered_under_an_id_that_is_only_too_long_for_a_sender() -> None:
    """It was read, after all."""
    assert "x" * 120 == rejection(a_record(RESERVE_FIELDS | {"request_id": "x" * 120})).request_id
