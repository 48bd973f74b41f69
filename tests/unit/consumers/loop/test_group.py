"""A group member: one task a partition, and nothing left when it goes."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from aiokafka import TopicPartition

from consumers.loop.broker_watch import EVERY_S
from consumers.loop.group import GroupMember, consumer_options
from producers.emitters import Emitter
from schemas.observation.partitions import Ends, EndsRead, PartitionsAssigned, PartitionsRevoked, RebalanceTimed
from schemas.records import IncomingRecord
from schemas.settings import KafkaSettings
from tests.fakes.consumer import MemoryConsumer
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import LIMITS, open_memory_emitter
from tests.fakes.time import run

A, B = TopicPartition("t.a", 0), TopicPartition("t.b", 1)


class Work:
    """A batch that takes some time to end after a stop, or never ends."""

    def __init__(self, *, ends_after_s: float = 1.0, error: Exception | None = None) -> None:
        self.ends_after_s = ends_after_s
        self.error = error
        self.ended = ""

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """See `PartitionWork.serve`."""
        try:
            if self.error is not None:
                raise self.error
            await stopping.wait()
            await asyncio.sleep(self.ends_after_s)
            self.ended = "finished"
        except asyncio.CancelledError:
            self.ended = "given up"
            raise


class MemberBench:
    """A member, and the work of its partitions."""

    def __init__(self, make: Callable[[], Work] = Work) -> None:
        self.works: dict[TopicPartition, Work] = {}
        self.observer = ObservedFacts()
        self.consumer = MemoryConsumer(end=7, high_watermark=9, assigned={A}, known={"t.a", "t.b"})
        self.stopping = asyncio.Event()
        self.make = make
        self.member = GroupMember(
            self.consumer, ["t.a", "t.b"], self.open_partition, open_memory_emitter, LIMITS, self.observer
        )

    def open_partition(self, source: TopicPartition) -> Work:
        """See `OpenPartition`."""
        self.works[source] = self.make()
        return self.works[source]

    async def assign(self, *sources: TopicPartition) -> None:
        """Give it partitions, and let each have a batch in hand."""
        await self.member.on_partitions_assigned(sources)
        await asyncio.sleep(0.1)

    async def started(self) -> "asyncio.Task[None]":
        """The member, after it has subscribed."""
        task = asyncio.create_task(self.member.run(self.stopping))
        await asyncio.sleep(0)
        return task


def test_each_partition_has_a_loop_until_the_end() -> None:
    """A stop lets every batch finish."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.assign(B, A)
        bench.stopping.set()
        await task

        assert ["t.a", "t.b"] == bench.consumer.subscribed
        assert {A: "finished", B: "finished"} == {source: work.ended for source, work in bench.works.items()}
        assert [frozenset({("t.a", 0), ("t.b", 1)})] == bench.observer.each(PartitionsAssigned, "partitions")

    run(scene())


def test_a_rebalance_takes_the_same_way_out() -> None:
    """Batches finish, and the observer sees that nothing is served for the moment."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.assign(A)
        first = bench.works[A]
        await bench.member.on_partitions_revoked([A])
        assert "finished" == first.ended
        await bench.assign(A)
        bench.stopping.set()
        await task

        assert first is not bench.works[A]
        assert [PartitionsAssigned, PartitionsRevoked, PartitionsAssigned] == [
            type(fact) for fact in bench.observer if isinstance(fact, PartitionsAssigned | PartitionsRevoked)
        ]
        assert ["let_go", "whole"] == bench.observer.each(RebalanceTimed, "step"), (
            "to join a group is no rebalance of ours"
        )

    run(scene())


def test_a_batch_that_does_not_end_in_time_is_given_up() -> None:
    """After the budget; the member ends all the same."""

    async def scene() -> None:
        bench = MemberBench(lambda: Work(ends_after_s=10**6))
        task = await bench.started()
        await bench.assign(A, B)
        start = asyncio.get_running_loop().time()
        bench.stopping.set()
        await task

        assert {"given up"} == {work.ended for work in bench.works.values()}
        assert asyncio.get_running_loop().time() - start < 6

    run(scene())


def test_a_rebalance_during_the_stop_starts_nothing_new() -> None:
    """Nobody would end those loops: the process would hang until it is killed."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.assign(A)
        bench.stopping.set()
        await asyncio.sleep(0.5)
        await bench.member.on_partitions_revoked([A])
        await bench.assign(A, B)

        await asyncio.wait_for(task, 60)
        assert [A] == list(bench.works)

    run(scene())


def test_a_loop_that_dies_takes_the_member_with_it() -> None:
    """Nothing half-alive stays; the others are cancelled."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.assign(A)
        bench.make = lambda: Work(error=ZeroDivisionError())
        await bench.assign(B)
        with pytest.raises(ExceptionGroup) as raised:
            await task

        assert raised.group_contains(ZeroDivisionError)
        assert "given up" == bench.works[A].ended

    run(scene())


def test_the_ends_of_what_is_served_are_observed_while_it_is_served() -> None:
    """Repeatedly, because a loop may have a batch in hand for hours; and not of what others serve now."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.assign(A)
        await asyncio.sleep(EVERY_S * 2.5)
        count = len(bench.observer.each(EndsRead, "ends"))
        assert count >= 2
        await bench.member.on_partitions_revoked([A])
        await asyncio.sleep(EVERY_S * 2)
        assert [{("t.a", 0): Ends(7, 9)}] * count == bench.observer.each(EndsRead, "ends")
        bench.stopping.set()
        await task

    run(scene())


def test_offsets_are_never_committed_by_the_client_itself() -> None:
    """And what others have not committed is not read."""
    options = consumer_options(KafkaSettings(session_timeout_ms=8_000), "codes-worker")

    assert (False, "read_committed", "earliest") == (
        options["enable_auto_commit"],
        options["isolation_level"],
        options["auto_offset_reset"],
    )
    assert 500 == options["heartbeat_interval_ms"]
