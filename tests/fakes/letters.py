"""Dead letters as they are read. Out: `a_letter`, `read_letter`."""

from ops.letters.letter import Letter, letter_of
from schemas.records import IncomingRecord, OutgoingRecord
from tests.fakes.rejections import a_dead_letter, a_rejected


def read_letter(written: OutgoingRecord, *, partition: int = 2, offset: int = 5) -> Letter:
    """A dead letter as it is read from its topic."""
    record = IncomingRecord(
        written.topic, partition, offset, 1_795_489_200_000, written.key, written.value, written.headers
    )
    return letter_of(record)


def a_letter(record: IncomingRecord | None = None, **where: int) -> Letter:
    """The dead letter of a rejected record."""
    return read_letter(a_dead_letter(a_rejected(record)), **where)
