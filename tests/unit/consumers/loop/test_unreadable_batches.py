"""A batch that no parser can take apart becomes one record that says so, and the position moves behind it."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import pytest
from aiokafka import ConsumerRecord
from aiokafka import codec as aiokafka_codec
from aiokafka.record.util import encode_varint

from consumers.decode import SizeLimits, decode_request
from consumers.loop import batches, codecs
from consumers.loop.codecs import CodecsMissing, check_codecs
from consumers.loop.decompress import PLAIN_BYTES_MAX
from consumers.loop.partition import as_incoming
from producers.envelope import dead_letter_record
from schemas.records import IncomingRecord, Rejected
from schemas.topics import RESERVE, Topics
from tests.fakes.builders import NOW, PREFIX
from tests.fakes.fetches import (
    CODECS,
    PRODUCER,
    TP,
    Kind,
    a_batch,
    broken,
    read,
    with_payload,
)
from tests.places import ROOT

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": aiokafka_codec.gzip_encode,
    "snappy": aiokafka_codec.snappy_encode,
    "lz4": aiokafka_codec.lz4_encode,
    "zstd": aiokafka_codec.zstd_encode,
}
MUTATIONS = 4_000


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


def test_a_position_in_the_midst_of_it_yields_it_once() -> None:
    """As an operator may have set it."""
    found, position = read(broken(a_batch(13), "payload", 0), 14)

    assert ([15], 16) == ([record.offset for record in found], position)


def test_one_of_an_aborted_transaction_is_stepped_over() -> None:
    """Its records were never to be read."""
    bad = broken(a_batch(13, 3, 3, transactional=True), "payload", 0)

    assert ([], 16) == read(bad, 13, aborted=[(PRODUCER, 13)])
    found, _ = read(bad, 13)
    assert [15] == [record.offset for record in found], "a committed one is yielded"


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


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_would_fill_the_memory_is_not_decompressed(codec: str) -> None:
    """Some kilobytes stand for 256 MiB; a pod that is killed for them has an heir that is killed too."""
    bomb = with_payload(a_batch(13), COMPRESSED[codec](bytes(4 * PLAIN_BYTES_MAX)), CODECS[codec])
    tracemalloc.start()
    found, position = read(bomb + a_batch(16), 13)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert ([15, 16, 17, 18], 19) == ([record.offset for record in found], position)
    assert found[0].batch is not None
    assert f"offsets 13 to 15 cannot be read: {codec}, PlainTooLarge" == found[0].batch.detail
    assert peak < 2 * PLAIN_BYTES_MAX + 4 * len(bomb)


def test_a_snappy_block_is_believed_in_no_length() -> None:
    """Neither that of the plain text, which is too large, nor that of the block, which is none."""
    plain = bytearray()
    encode_varint(0, plain.append)
    claims = b"\xff\xff\xff\xff\x0f" + bytes(10)
    for payload in (claims, COMPRESSED["snappy"](b"v" * 100)[:16] + (-4).to_bytes(4, "big", signed=True)):
        [unreadable], position = read(with_payload(a_batch(13), payload, CODECS["snappy"]), 13)
        assert (15, 16, True) == (unreadable.offset, position, unreadable.batch is not None)


def test_a_batch_of_too_many_records_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs memory, however small it is."""
    monkeypatch.setattr(batches, "RECORDS_MAX", 2)
    found, position = read(a_batch(10, 2) + a_batch(12, 3, CODECS["zstd"]), 10)

    assert ([10, 11, 14], 15) == ([record.offset for record in found], position)
    assert "offsets 12 to 14 cannot be read: zstd, TooManyRecords" == found[2].batch.detail


def test_no_batch_whatever_is_in_it_ends_the_process() -> None:
    """Thousands with a right checksum and changed bytes, in a process of its own: a crash is no exception."""
    program = (sys.executable, "-X", "faulthandler", "-m", "tests.unit.consumers.loop.mutating")
    for seed in range(3):
        ran = subprocess.run(  # noqa: S603  # our own program
            [*program, str(seed), str(MUTATIONS)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (0, f"{MUTATIONS}") == (ran.returncode, ran.stdout.strip()), f"seed {seed}: {ran.stderr[-2000:]}"
