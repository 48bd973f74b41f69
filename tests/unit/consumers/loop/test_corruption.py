"""A batch with a wrong checksum is fetched again; if it stays so, it becomes one record, and others are read."""

import struct

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from consumers.loop import aiokafka_patch
from consumers.loop.corruption import SAME_BYTES_TIMES, Suspects
from schemas.records import IncomingRecord
from tests.fakes.fetches import FIRST_MS, HEADER, Log, a_batch, at_offset, corrupted, with_length

GOOD = a_batch(13)
BAD = corrupted(GOOD)
NEXT = a_batch(16)
END = 19


@pytest.fixture(autouse=True)
def suspects(monkeypatch: pytest.MonkeyPatch) -> Suspects:
    """Nothing was fetched before; nobody waits between fetches."""
    fresh = Suspects()
    monkeypatch.setattr(aiokafka_patch, "SUSPECTS", fresh)
    monkeypatch.setattr(aiokafka_patch, "REFETCH_WAIT_S", 0.0)
    return fresh


def offsets(records: list[IncomingRecord]) -> list[int]:
    return [record.offset for record in records]


def at_last(log: Log) -> list[IncomingRecord]:
    """What comes when the bytes are believed; nothing comes before."""
    for _ in range(SAME_BYTES_TIMES - 1):
        assert [] == log.fetch()
    return log.fetch()


def test_what_stands_before_it_is_read_at_once() -> None:
    """A good record is not held up by what follows it."""
    log = Log(a_batch(10) + BAD + NEXT, 10, END)

    assert [10, 11, 12] == offsets(log.fetch())
    assert 13 == log.position


def test_an_error_of_the_transfer_heals() -> None:
    """The same fetch again brings the right bytes."""
    log = Log(GOOD + NEXT, 13, END)

    assert [] == log.fetch(BAD + NEXT)
    assert [13, 14, 15, 16, 17, 18] == offsets(log.fetch())


def test_the_same_bytes_again_and_again_are_stepped_over() -> None:
    """One record for the range, with all bytes of it; what follows is in the same fetch."""
    log = Log(BAD + NEXT, 13, END)
    found = at_last(log)

    assert [15, 16, 17, 18] == offsets(found)
    assert found[0].batch is not None
    assert (13, BAD) == (found[0].first_offset, found[0].value)
    assert "offsets 13 to 15 cannot be read: unknown codec, WrongChecksum" == found[0].batch.detail
    assert FIRST_MS == found[0].timestamp_ms, "that of the next batch: what its own header says may be wrong"
    assert END == log.position


def test_what_is_known_of_it_outlives_its_consumer() -> None:
    """A client that is made anew does not begin to count anew."""
    for _ in range(SAME_BYTES_TIMES - 1):
        assert [] == Log(BAD + NEXT, 13, END).fetch()

    assert [15, 16, 17, 18] == offsets(Log(BAD + NEXT, 13, END).fetch())
    assert [15, 16, 17, 18] == offsets(Log(BAD + NEXT, 13, END).fetch())


def test_two_readers_of_one_partition_count_for_themselves() -> None:
    """The inventory's view and its counting may be at different corrupt batches."""
    first, second = Log(BAD + NEXT, 13, END), Log(corrupted(a_batch(3)) + BAD, 3, END)
    for _ in range(SAME_BYTES_TIMES - 1):
        assert ([], []) == (first.fetch(), second.fetch())

    assert [15, 16, 17, 18] == offsets(first.fetch())


def test_bytes_that_differ_each_time_are_an_error() -> None:
    """The way to the broker is broken: nothing is stepped over, and the caller waits longer and longer."""
    log = Log(GOOD + NEXT, 13, END)
    log.fetch(BAD + NEXT)
    for at in range(HEADER + 8, HEADER + 8 + SAME_BYTES_TIMES):
        with pytest.raises(CorruptRecordException):
            log.fetch(corrupted(GOOD, at) + NEXT)

    assert 13 == log.position


@pytest.mark.parametrize("length", [-1, 0, 60, 61, len(GOOD) - 1, len(GOOD) + 1, 2**31 - 1])
def test_a_wrong_length_does_not_hide_the_next_batch(length: int) -> None:
    """The checksum does not cover the length, so what follows is looked for."""
    found = at_last(Log(with_length(GOOD, length) + NEXT, 13, END))

    assert [15, 16, 17, 18] == offsets(found)
    assert 13 == found[0].first_offset


def test_several_of_them_are_one_range() -> None:
    """Up to the next good one."""
    found = at_last(Log(BAD + corrupted(NEXT) + a_batch(19), 13, 22))

    assert [18, 19, 20, 21] == offsets(found)
    assert (13, BAD + corrupted(NEXT)) == (found[0].first_offset, found[0].value)


@pytest.mark.parametrize(("delta", "last"), [(2, 15), (0, 13), (-9, 13), (2**31 - 1, 29), (-(2**31), 13)], ids=str)
def test_without_a_next_one_its_own_header_is_believed_within_the_log(delta: int, last: int) -> None:
    """At least one offset, and none beyond the log's end."""
    bad = BAD[:23] + struct.pack(">i", delta) + BAD[27:]
    log = Log(bad, 13, 30)
    found = at_last(log)

    assert ([last], last + 1) == (offsets(found), log.position)
    assert -1 == found[0].timestamp_ms, "nobody knows: an expiry must wait for what may be behind it"


def test_the_last_one_of_a_log_ends_with_the_log() -> None:
    """Whatever its base offset says."""
    log = Log(at_offset(BAD, 2**60), 13, 16)

    assert [15] == offsets(at_last(log))
    assert 16 == log.position


def test_a_batch_within_a_batch_is_not_taken_for_the_next_one() -> None:
    """A dead letter may hold a whole batch, and its offset may be possible."""
    outer = a_batch(13, 3)[:HEADER] + a_batch(15, 1) + b"rest"
    found = at_last(Log(with_length(outer, len(outer)) + NEXT, 13, END))

    assert [15, 16, 17, 18] == offsets(found)
    assert with_length(outer, len(outer)) == found[0].value


def test_a_reader_waits_before_it_fetches_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all fetches are over within milliseconds, and no connection or leader can have changed."""
    monkeypatch.setattr(aiokafka_patch, "REFETCH_WAIT_S", 60.0)
    log = Log(BAD, 13, 16)
    result = log.result()

    assert ([], True) == (result.getall(), result.has_more())
    assert [] == result.getall()


def test_the_fetcher_takes_all_three_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They need each other."""
    for name in ("MemoryRecords", "PartitionRecords", "FetchResult"):
        monkeypatch.setattr(fetcher, name, None)
    aiokafka_patch.install()

    assert ["LenientRecords", "LenientPartitionRecords", "LenientFetchResult"] == [
        found.__name__ for found in (fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult)
    ]
