"""A header name that is not UTF-8 must not stop a partition."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from consumers.loop.aiokafka_patch import LenientRecords
from tests.fakes.fetches import with_crc

GOOD, BAD = "note-good", "note-badd"


def a_fetch(*names: str) -> bytes:
    """One batch with a record for each header name; `BAD` becomes bytes that are no text, of the same length."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10_000,
    )
    for offset, name in enumerate(names):
        builder.append(offset, timestamp=1, key=b"k%d" % offset, value=b"v%d" % offset, headers=[(name, b"x")])
    odd = b"\xff\xfe\xfd-badd"[: len(BAD)].ljust(len(BAD), b".")
    return with_crc(bytes(builder.build()).replace(BAD.encode(), odd))


def read(content: bytes) -> list[tuple[bytes, list[str]]]:
    """Values and header names of all records."""
    records = LenientRecords(content)
    found = []
    while records.has_next():
        found += [(record.value, [name for name, _ in record.headers]) for record in records.next_batch()]
    return found


def test_aiokafka_itself_stops_at_such_a_name() -> None:
    """When this fails, aiokafka has learned it, and `consumers/loop/aiokafka_patch.py` can go."""
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(a_fetch(BAD)).next_batch())


def test_the_record_is_read_and_so_are_its_neighbours() -> None:
    """Only the name is odd: it holds surrogates."""
    [first, odd, last] = read(a_fetch(GOOD, BAD, GOOD))

    assert (b"v0", [GOOD]) == first
    assert (b"v1", "\udcff\udcfe\udcfd-badd"[: len(BAD)]) == (odd[0], odd[1][0].rstrip("."))
    assert (b"v2", [GOOD]) == last


def test_several_batches_of_a_fetch_are_read_each_by_its_own_bytes() -> None:
    """The second batch is the odd one."""
    assert [b"v0", b"v0", b"v1", b"v0"] == [
        value for value, _ in read(a_fetch(GOOD) + a_fetch(GOOD, BAD) + a_fetch(BAD))
    ]


def test_a_batch_answers_what_the_fetcher_asks_of_it() -> None:
    """Offsets, flags and the checksum are those of aiokafka's batch."""
    batch = LenientRecords(a_fetch(GOOD, GOOD)).next_batch()

    assert (0, 2, False, False) == (
        batch.base_offset,
        batch.next_offset,
        batch.is_control_batch,
        batch.is_transactional,
    )
    assert batch.validate_crc()
