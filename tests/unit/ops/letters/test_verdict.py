"""A replay sends what the worker would read, and says of everything else why not."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from consumers.decode import SizeLimits
from ops.letters.edits import Edits
from ops.letters.letter import Letter, letter_of
from ops.letters.verdict import A_BATCH, NO_FIELDS, NO_VALUE, NOT_OURS, REPLAYED, Judge, LeftOut, Send
from schemas.records import IncomingRecord, UnreadableBatch
from schemas.settings import WorkerSettings
from schemas.topics import Topics
from schemas.wire_format import RegistryFormat
from tests.fakes.builders import a_record
from tests.fakes.letters import a_letter, read_letter
from tests.fakes.rejections import a_dead_letter, a_rejected

GOOD = b'{"request_id":"r-1","campaign_id":"sale","fan_id":"f-1"}'
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


def verdict(
    letter: Letter, edits: Edits | None = None, *, is_replayed: bool = False, record_bytes_max: int = 65_536
) -> Send | LeftOut:
    sizes = SizeLimits.of(WorkerSettings(record_bytes_max=record_bytes_max))
    return Judge(Topics("t."), sizes, edits or Edits(), NOW).verdict(letter, is_replayed=is_replayed)


def why(letter: Letter, edits: Edits | None = None, record_bytes_max: int = 65_536) -> str:
    found = verdict(letter, edits, record_bytes_max=record_bytes_max)
    assert isinstance(found, LeftOut)
    return found.why


def sent(letter: Letter, edits: Edits | None = None) -> Send:
    found = verdict(letter, edits)
    assert isinstance(found, Send), found
    return found


def test_a_readable_record_goes_where_it_was() -> None:
    """With its key, its own headers and where it comes from, beside the note about it."""
    record = a_record(GOOD, partition=3, offset=17, key=b"\xfe", headers=(("note", b"x"),))

    item = sent(a_letter(record))

    assert ("t.reserve.requests.v1", 3, b"\xfe", GOOD) == (
        item.record.topic,
        item.record.partition,
        item.record.key,
        item.record.value,
    )
    assert (("note", b"x"), ("replayed-from", b"dead-letters.v1/2@5")) == item.record.headers
    assert ("t.dead-letters-replayed.v1", item.identity.encode()) == (item.note.topic, item.note.key)
    assert {"letter": "2@5", "at": "2026-11-24T04:00:00.000Z"} == orjson.loads(item.note.value or b"")


def test_what_was_replayed_is_not_sent_again() -> None:
    """Whatever else is true of it."""
    assert LeftOut(a_letter(), REPLAYED) == verdict(a_letter(), is_replayed=True)


@pytest.mark.parametrize("formats", [(), ("json",)])
def test_a_registrys_prefix_is_sent_where_workers_read_it(formats: tuple[RegistryFormat, ...]) -> None:
    """After the setting was corrected: the same bytes, with the prefix."""
    value = b"\0\0\0\0\x07" + GOOD
    judge = Judge(Topics("t."), SizeLimits.of(WorkerSettings(), formats), Edits(), NOW)

    found = judge.verdict(a_letter(a_record(value)), is_replayed=False)

    assert bool(formats) == isinstance(found, Send)
    assert not isinstance(found, Send) or value == found.record.value


def test_what_would_be_rejected_again_is_left_out() -> None:
    """The reason is the worker's, and never holds a value."""
    letter = a_letter(a_record(b'{"request_id":"r-1","campaign_id":"sale","fan_id":"SPRING 1"}'))

    assert "still unreadable, invalid: fan_id: String should match pattern '^[A-Za-z0-9._:-]{1,128}$'" == why(letter)
    assert GOOD == sent(letter, Edits(assigned={"fan_id": "f-1"})).record.value


def test_a_limit_that_was_raised_makes_a_record_readable() -> None:
    """The limits are those of the settings, as the worker has them."""
    letter = a_letter(a_record(GOOD + b" " * 300))

    assert why(letter, record_bytes_max=300).startswith("still unreadable, too_large: value")
    assert isinstance(verdict(letter), Send)


def test_a_header_that_is_no_text_can_be_left_out() -> None:
    """Else the record would be rejected for it again."""
    letter = a_letter(a_record(GOOD, headers=(("note", b"\xff"),)))

    assert "still unreadable, invalid: headers[0]: must be UTF-8 text" == why(letter)
    assert (("replayed-from", b"dead-letters.v1/2@5"),) == sent(letter, Edits(without_headers=True)).record.headers


def test_a_batch_cannot_be_replayed() -> None:
    """Not even with a new value: which records it held is unknown."""
    batch = UnreadableBatch(17, 42, "lz4", "DecompressionError", b"\x00")
    record = replace(a_record(b"\x00", offset=42), batch=batch)
    letter = read_letter(a_dead_letter(replace(a_rejected(record), reason="unprocessable", detail=batch.detail)))

    assert A_BATCH == why(letter) == why(letter, Edits(value=GOOD))


def test_a_dead_letter_without_a_value_needs_one() -> None:
    """A tombstone, or a record that did not fit."""
    letter = a_letter(a_record(None))

    assert NO_VALUE == why(letter)
    assert GOOD == sent(letter, Edits(value=GOOD)).record.value


def test_a_field_of_what_has_none_cannot_be_set() -> None:
    """The value is no JSON object."""
    assert NO_FIELDS == why(a_letter(a_record(b"SPRING-1")), Edits(assigned={"fan_id": "f-1"}))


@pytest.mark.parametrize("topic", ["t.results.v1", "reserve.requests.v1", "other.reserve.requests.v1", "t.any"])
def test_only_input_topics_are_written_to(topic: str) -> None:
    """Whoever may write dead letters could otherwise have an operator write anywhere."""
    assert NOT_OURS == why(a_letter(replace(a_record(GOOD), topic=topic)))


def test_a_record_without_our_headers_is_left_out() -> None:
    """It is no dead letter of this service."""
    assert NOT_OURS == why(letter_of(IncomingRecord("t.dead-letters.v1", 0, 0, 0, None, GOOD, ())))


def test_a_command_is_read_as_one() -> None:
    """The importer's records have other fields."""
    command = b'{"request_id":"i-1","campaign_id":"sale","bucket":"codes","key":"a.csv"}'
    topic = "t.import.commands.v1"

    assert command == sent(a_letter(replace(a_record(command), topic=topic))).record.value
    assert why(a_letter(replace(a_record(GOOD), topic=topic))).startswith("still unreadable, invalid: bucket")
