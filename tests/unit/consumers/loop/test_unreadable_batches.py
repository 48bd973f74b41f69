"""A batch that no parser can take apart becomes one record that says so, and the position moves behind it."""

import struct
from typing import Any, Literal

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from consumers.decode import SizeLimits, decode_request
from consumers.loop import codecs
from consumers.loop.aiokafka_patch import LenientRecords
from consumers.loop.codecs import CodecsMissing, check_codecs
from consumers.loop.partition import as_incoming
from producers.envelope import dead_letter_record
from schemas.records import IncomingRecord, Rejected
from schemas.topics import RESERVE, Topics
from tests.fakes.builders import NOW, PREFIX

Kind = Literal["payload", "codec", "structure"]
TP = TopicPartition(PREFIX + RESERVE.name, 3)
PRODUCER = 7
HEADER = 61
"""Bytes of a batch's header; the record count is its last field."""
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def a_batch(base: int, count: int = 3, codec: int = 0, *, transactional: bool = False) -> bytes:
    """Good records from an offset on."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=int(transactional),
        producer_id=PRODUCER if transactional else -1,
        producer_epoch=0 if transactional else -1,
        base_sequence=0 if transactional else -1,
        batch_size=100_000,
    )
    for number in range(count):
        builder.append(number, timestamp=1_000 + number, key=b"k", value=b"v%d" % (base + number) * 100, headers=[])
    return at_offset(bytes(builder.build()), base)


def at_offset(batch: bytes, base: int) -> bytes:
    """As the broker writes it; the checksum does not cover it."""
    return struct.pack(">q", base) + batch[8:]


def with_crc(batch: bytes) -> bytes:
    """With a checksum that is right."""
    return batch[:17] + struct.pack(">I", calc_crc32c(batch[21:])) + batch[21:]


def broken(batch: bytes, kind: Kind, codec: int) -> bytes:
    """The same with another payload, an unknown codec, or a record count that is wrong; the checksum is right."""
    if kind == "payload":
        return with_crc(batch[:HEADER] + bytes(len(batch) - HEADER))
    if kind == "codec":
        return with_crc(batch[:21] + struct.pack(">h", codec) + batch[23:])
    return with_crc(batch[: HEADER - 4] + struct.pack(">i", 9) + batch[HEADER:])


def read(content: bytes, start: int, aborted: list[tuple[int, int]] | None = None) -> tuple[list[Any], int]:
    """As the fetcher does; with the next offset to fetch."""
    records = PartitionRecords(
        TP, LenientRecords(content), aborted, start, None, None, check_crcs=True, isolation_level=READ_COMMITTED
    )
    return [as_incoming(record) for record in records], records.next_fetch_offset


@pytest.mark.parametrize("codec", CODECS)
def test_a_payload_that_is_no_such_stream_is_one_record(codec: str) -> None:
    """Those before and after it are read."""
    bad = broken(a_batch(13, 3, CODECS[codec]), "payload", 0)
    found, position = read(a_batch(10) + bad + a_batch(16, 3, CODECS[codec]), 10)

    assert [10, 11, 12, 15, 16, 17, 18] == [record.offset for record in found]
    [unreadable] = [record for record in found if record.batch is not None]
    assert (13, 15, bad) == (unreadable.first_offset, unreadable.offset, unreadable.value)
    assert unreadable.batch is not None
    assert unreadable.batch.detail.startswith(f"offsets 13 to 15 cannot be read: {codec}, ")
    assert 1_000 == unreadable.timestamp_ms, "the earliest time: an expiry must wait for what may be in it"
    assert 19 == position


@pytest.mark.parametrize(("kind", "codec"), [("codec", 5), ("codec", 6), ("codec", 7), ("structure", 0)])
def test_an_unknown_codec_and_a_wrong_count_are_too(kind: Kind, codec: int) -> None:
    """Whatever the parser says of it."""
    found, position = read(broken(a_batch(13), kind, codec) + a_batch(16), 13)

    assert [15, 16, 17, 18] == [record.offset for record in found]
    assert (13, 19) == (found[0].first_offset, position)


def test_a_position_in_the_midst_of_it_tells_it_once() -> None:
    """As an operator may have set it."""
    found, position = read(broken(a_batch(13), "payload", 0), 14)

    assert ([15], 16) == ([record.offset for record in found], position)


def test_one_of_an_aborted_transaction_is_stepped_over() -> None:
    """Nobody was to see it."""
    bad = broken(a_batch(13, 3, 3, transactional=True), "payload", 0)

    assert ([], 16) == read(bad, 13, aborted=[(PRODUCER, 13)])
    found, _ = read(bad, 13)
    assert [15] == [record.offset for record in found], "one that is committed is told"


def test_its_dead_letter_says_the_range_and_holds_the_batch() -> None:
    """At the first offset; a letter too large for the topic says only where it is."""
    bad = broken(a_batch(13, 3, 3), "payload", 0)
    [record], _ = read(bad, 13)
    rejected = decode_request(record, RESERVE.name, SizeLimits(10, 10, 10))
    assert isinstance(rejected, Rejected)
    assert ("unprocessable", None) == (rejected.reason, rejected.request_id)

    letter = dead_letter_record(rejected, group="g", at=NOW, topics=Topics(PREFIX))

    headers = dict(letter.headers)
    assert (bad, None) == (letter.value, letter.key)
    assert (b"13", b"3") == (headers["dlq-offset"], headers["dlq-partition"])
    assert headers["dlq-detail"] is not None
    assert headers["dlq-detail"].startswith(b"offsets 13 to 15 cannot be read: lz4, ")


def test_a_record_is_no_batch_whatever_its_checksum() -> None:
    """Old records have a number there."""
    record = ConsumerRecord(TP.topic, 3, 7, 1_000, 1, b"k", b"v", 12345, 1, 1, ())

    assert IncomingRecord(TP.topic, 3, 7, 1_000, b"k", b"v", ()) == as_incoming(record)


def test_all_codecs_can_be_read_here() -> None:
    """As pinned."""
    check_codecs()


def test_a_build_that_lacks_some_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line; without the check good batches would end in the dead letters."""
    monkeypatch.setattr("aiokafka.codec.cramjam", None)

    with pytest.raises(CodecsMissing, match=r"^cannot read snappy, lz4, zstd records: install aiokafka"):
        codecs.check_codecs()
