"""What `producers.emitters.Emitter` promises, on a real broker: outputs and offsets together, and one owner."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition

from ops.settings.load import Settings
from producers.emitters import idempotent_producer
from schemas.errors import EmitFailed, PartitionFenced
from schemas.records import OutgoingRecord
from schemas.topics import DEAD_LETTERS
from tests.contract.emitting import EmitterBench, emitter_bench

pytestmark = pytest.mark.integration

TOO_LARGE = b"x" * 2_000_000
"""The results topic does not take it, the producer would."""
HEADERS_AMONG_OTHERS = {
    (b"k", b"before", ()),
    (None, None, (("a", b"1"),)),
    (None, None, (("a", b"2"),)),
    (b"k", b"after", ()),
}


@pytest.fixture
async def bench(migrated: Settings) -> AsyncIterator[EmitterBench]:
    """Topics of this test's own, and a reader of what comes out."""
    async with emitter_bench(migrated) as bench:
        yield bench


def headers_among_others(bench: EmitterBench) -> list[OutgoingRecord]:
    """Records of one partition, and one of any; two of them with nothing but headers."""
    nothing = bench.a_result(key=None, value=None, headers=(("a", b"1"),), partition=0)
    return [
        bench.a_result(b"before", partition=0),
        nothing,
        nothing._replace(headers=(("a", b"2"),), partition=None),
        bench.a_result(b"after", partition=0),
    ]


async def contents(bench: EmitterBench) -> set[tuple[bytes | None, bytes | None, Any]]:
    """What is visible, free of places."""
    return {(record.key, record.value, tuple(record.headers)) for record in await bench.visible()}


class TestTransactionalEmitter:
    """exactly_once."""

    async def test_outputs_and_offset_become_visible_together(self, bench: EmitterBench) -> None:
        """All of them, as they were made."""
        headers = (("a", b"\xff"), ("null", None), ("a", b"2"))
        record = bench.a_result(b"1", headers=headers, partition=1)
        async with bench.transactional() as emitter:
            await emitter.emit([record, bench.a_result(b"2", key=None)], 17)

        assert [b"1", b"2"] == await bench.values()
        (first,) = (seen for seen in await bench.visible() if seen.value == b"1")
        assert (1, b"k", headers) == (first.partition, first.key, tuple(first.headers))
        assert 17 == await bench.committed()

    async def test_records_of_a_key_are_together_and_in_order(self, bench: EmitterBench) -> None:
        """However many batches they fill, and where every producer of Kafka puts them."""
        sizes = [100_000, 1, 200_000, 300_000, 2, 150_000]
        records = [bench.a_result(b"%d" % number * size, key=b"fan-1") for number, size in enumerate(sizes)]
        async with bench.transactional() as emitter:
            await emitter.emit(records, 1)
        async with idempotent_producer(bench.options) as producer:
            last = await producer.send_and_wait(records[0].topic, b"last", key=b"fan-1")

        seen = [record.value for record in await bench.visible() if record.partition == last.partition]
        assert [*(record.value for record in records), b"last"] == seen

    async def test_a_batch_that_fails_shows_nothing_and_moves_nothing(self, bench: EmitterBench) -> None:
        """Not even its good records; the next emitter goes on from there."""
        async with bench.transactional() as emitter:
            await emitter.emit([bench.a_result(b"before")], 1)
            with pytest.raises(EmitFailed):
                await emitter.emit([bench.a_result(b"good"), bench.a_result(TOO_LARGE)], 2)
        assert ([b"before"], 1) == (await bench.values(), await bench.committed())
        async with bench.transactional() as emitter:
            await emitter.emit([bench.a_result(b"after")], 3)

        assert ([b"after", b"before"], 3) == (await bench.values(), await bench.committed())
        assert ["failed"] == bench.aborts

    async def test_a_batch_that_is_given_up_counts_as_aborted(self, bench: EmitterBench) -> None:
        """A stop did not wait for it; nothing of it is visible."""
        async with bench.transactional() as emitter:
            emitting = asyncio.create_task(emitter.emit([bench.a_result(b"1")] * 100, 1))
            await asyncio.sleep(0)
            emitting.cancel()
            await asyncio.wait({emitting})

        assert (True, ["cancelled"], []) == (emitting.cancelled(), bench.aborts, await bench.values())

    async def test_without_an_offset_only_records_are_sent(self, bench: EmitterBench) -> None:
        """For example the progress of an import."""
        async with bench.transactional() as emitter:
            await emitter.emit([bench.a_result(b"1")], None)

        assert ([b"1"], None) == (await bench.values(), await bench.committed())

    async def test_without_records_the_offset_moves(self, bench: EmitterBench) -> None:
        """A batch may have no output."""
        async with bench.transactional() as emitter:
            await emitter.emit([], 5)

        assert ([], 5) == (await bench.values(), await bench.committed())

    async def test_a_former_owner_is_fenced(self, bench: EmitterBench) -> None:
        """What it sends is never seen, and its offset does not count."""
        async with bench.transactional() as former:
            await former.emit([bench.a_result(b"former")], 1)
            async with bench.transactional() as owner:
                with pytest.raises(PartitionFenced):
                    await former.emit([bench.a_result(b"too late")], 9)
                await owner.emit([bench.a_result(b"owner")], 2)

        assert ([b"former", b"owner"], 2) == (await bench.values(), await bench.committed())
        assert ["fenced"] == bench.aborts

    async def test_a_new_owner_ends_what_the_former_left_open(self, bench: EmitterBench) -> None:
        """A process that died between its records and its commit has sent nothing."""
        async with bench.transactional() as former:
            producer = former._producer
            await producer.begin_transaction()
            sent = bench.a_result(b"open")
            await producer.send_and_wait(sent.topic, sent.value)
            async with bench.transactional() as owner:
                await owner.emit([bench.a_result(b"owner")], 2)
                assert ([b"owner"], 2) == (await bench.values(), await bench.committed())

    async def test_a_dead_letter_of_the_largest_record_is_taken(self, bench: EmitterBench) -> None:
        """The record, and the headers that say why."""
        letter = bench.a_result(
            b"x" * 1_048_588,
            topic=bench.topics.full(DEAD_LETTERS),
            key=b"k" * 10_240,
            headers=(("dlq", b"y" * 9_000),),
        )
        async with bench.transactional() as emitter:
            await emitter.emit([letter], 1)

        assert [1_048_588] == [len(value) for value in await bench.values()]

    async def test_a_record_without_key_and_value_is_sent_among_others(self, bench: EmitterBench) -> None:
        """A dead letter may be headers alone: of a tombstone without a key, or of a compressed giant."""
        async with bench.transactional() as emitter:
            await emitter.emit(headers_among_others(bench), 1)

        assert HEADERS_AMONG_OTHERS == await contents(bench)


class TestAcknowledgedEmitter:
    """at_least_once."""

    async def test_the_offset_moves_after_the_outputs(self, bench: EmitterBench) -> None:
        """All are there when it has."""
        async with bench.acknowledged(bench.source) as emitter:
            await emitter.emit([bench.a_result(b"1"), bench.a_result(b"2")], 17)

        assert ([b"1", b"2"], 17) == (await bench.values(), await bench.committed())

    async def test_the_offset_does_not_move_without_the_outputs(self, bench: EmitterBench) -> None:
        """What was sent before the failure stays: a reader may see it again, with the same id."""
        async with bench.acknowledged(bench.source) as emitter:
            with pytest.raises(EmitFailed):
                await emitter.emit([bench.a_result(b"good"), bench.a_result(TOO_LARGE)], 2)
        assert await bench.committed() is None
        async with bench.acknowledged(bench.source) as emitter:
            await emitter.emit([bench.a_result(b"good")], 2)

        assert {b"good"} == set(await bench.values())
        assert 2 == await bench.committed()

    async def test_without_an_offset_only_records_are_sent(self, bench: EmitterBench) -> None:
        """The same holds for `at_least_once`."""
        async with bench.acknowledged(bench.source) as emitter:
            await emitter.emit([bench.a_result(b"1")], None)

        assert ([b"1"], None) == (await bench.values(), await bench.committed())

    async def test_a_partition_that_went_elsewhere_cannot_be_committed(self, bench: EmitterBench) -> None:
        """The new owner will publish everything again."""
        async with bench.acknowledged(TopicPartition(bench.source.topic, 1)) as emitter:
            with pytest.raises(PartitionFenced):
                await emitter.emit([bench.a_result(b"1")], 17)

        assert await bench.committed() is None

    async def test_a_record_without_key_and_value_is_sent_among_others(self, bench: EmitterBench) -> None:
        """The same holds for `at_least_once`."""
        async with bench.acknowledged(bench.source) as emitter:
            await emitter.emit(headers_among_others(bench), 1)

        assert HEADERS_AMONG_OTHERS == await contents(bench)
