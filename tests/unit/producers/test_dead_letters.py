"""A dead letter is the record itself, with the reason and its place as headers."""

from producers.envelope import (
    ORIGINAL_BYTES_MAX,
)
from schemas.records import Headers
from tests.fakes.builders import (
    a_record,
    cloud_event,
    header,
)
from tests.fakes.rejections import a_dead_letter, a_rejected


def test_a_dead_letter_is_the_record_and_why() -> None:
    """The bytes untouched, under the record's own key."""
    rejected = a_rejected(
        a_record(b"\xff\x00", partition=3, offset=17, key=b"\xfe", headers=(("a", b"\xff"), ("b", None)))
    )

    letter = a_dead_letter(rejected)

    assert ("t.dead-letters.v1", b"\xfe", b"\xff\x00") == (letter.topic, letter.key, letter.value)
    assert {
        "a": b"\xff",
        "b": None,
        "dlq-topic": b"t.reserve.requests.v1",
        "dlq-partition": b"3",
        "dlq-offset": b"17",
        "dlq-timestamp": b"2026-11-24T02:00:00.000Z",
        "dlq-reason": b"invalid",
        "dlq-detail": b"quantity: Input should be a valid integer",
        "dlq-group": b"codes-worker",
        "dlq-at": b"2026-11-24T03:00:00.000Z",
    } == {name: value for name, value in letter.headers if not name.startswith(("ce_", "content"))}
    assert {
        "ce_specversion": b"1.0",
        "ce_source": b"/code-service",
        "ce_type": b"codes.dead-letter.v1",
        "ce_subject": b"reserve.requests.v1",
        "ce_time": b"2026-11-24T02:00:00.000Z",
        "content-type": b"application/octet-stream",
    } == cloud_event(letter)


def test_a_dead_letter_that_comes_back_has_its_headers_once() -> None:
    """A replayed letter that is rejected again says its new place, and is one CloudEvent."""
    first = a_dead_letter(a_rejected())
    headers: Headers = (*first.headers, ("Content-Type", b"x"))

    second = a_dead_letter(a_rejected(a_record(b"{}", offset=99, headers=headers)))

    assert b"99" == header(second, "dlq-offset")
    assert len({name for name, _ in second.headers}) == len(second.headers)


def test_a_tombstone_is_a_letter_too() -> None:
    """Null stays null."""
    letter = a_dead_letter(a_rejected(a_record(None, key=None)))

    assert (None, None) == (letter.key, letter.value)


def test_what_no_topic_would_take_stays_where_it_was() -> None:
    """A compressed record may be a thousand times as large as the broker saw; the letter says where it is."""
    letter = a_dead_letter(
        a_rejected(a_record(b"0" * (ORIGINAL_BYTES_MAX + 1), headers=(("a", b"b"),)), reason="too_large")
    )

    assert (None, None) == (letter.key, letter.value)
    assert (b"too_large", b"0") == (header(letter, "dlq-reason"), header(letter, "dlq-offset"))
    assert header(letter, "a") is None


def test_a_token_stays_on_the_request_topic() -> None:
    """Whoever reads dead letters could send requests with it."""
    headers: Headers = (("authorization", b"Bearer x"), ("Authorization", b"Bearer y"), ("note", b"z"))

    letter = a_dead_letter(a_rejected(a_record(b"{}", headers=headers)))

    assert {"note"} == {name for name, _ in letter.headers if not name.startswith(("ce_", "dlq-", "content"))}
