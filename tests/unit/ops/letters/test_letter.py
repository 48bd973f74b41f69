"""A dead letter says which record was rejected, and why."""

import pytest

from ops.letters.letter import Address, Origin, address_of, letter_of
from schemas.records import IncomingRecord
from schemas.topics import Topics
from tests.fakes.builders import a_record
from tests.fakes.letters import a_letter

TOPICS = Topics("t.")


def test_a_dead_letter_names_the_record_and_the_fields() -> None:
    """As its headers say."""
    letter = a_letter(a_record(b"{}", partition=3, offset=17))

    assert Address(2, 5) == letter.address
    assert Origin("t.reserve.requests.v1", 3, 17, "2026-11-24T02:00:00.000Z") == letter.origin
    assert ("invalid", "quantity", False) == (letter.reason, letter.fields, letter.is_batch)


def test_two_dead_letters_of_one_record_are_one_record() -> None:
    """The place of the letter does not count; the place and the time of the record do."""
    first, copy = a_letter(a_record(b"{}", offset=17), offset=1), a_letter(a_record(b"{}", offset=17), offset=2)
    other = a_letter(a_record(b"{}", offset=18))

    assert first.identity(TOPICS) == copy.identity(TOPICS) != other.identity(TOPICS)
    assert "reserve.requests.v1.0@17/2026-11-24T02:00:00.000Z" == first.identity(TOPICS)


def test_a_record_that_is_no_dead_letter_has_no_origin() -> None:
    """Whoever wrote it: nothing is guessed."""
    letter = letter_of(IncomingRecord("t.dead-letters.v1", 0, 0, 0, None, b"x", (("dlq-topic", b"t"),)))

    assert (None, None, "") == (letter.origin, letter.identity(TOPICS), letter.fields)


def test_the_senders_headers_are_without_ours() -> None:
    """Neither those of the dead letter, nor where an earlier replay came from."""
    letter = a_letter(a_record(b"{}", headers=(("note", b"x"), ("replayed-from", b"dead-letters.v1/0@1"))))

    assert (("note", b"x"),) == letter.sender_headers
    assert ("replayed-from", b"dead-letters.v1/2@5") == letter.replayed_from


@pytest.mark.parametrize("typed", ["3", "3@", "@17", "a@1", "-1@2", "3@17 ", "3@1@7"])
def test_an_address_is_a_partition_and_an_offset(typed: str) -> None:
    """Anything else is an error that shows the form."""
    assert Address(3, 17) == address_of("3@17")
    with pytest.raises(ValueError, match="PARTITION@OFFSET"):
        address_of(typed)
