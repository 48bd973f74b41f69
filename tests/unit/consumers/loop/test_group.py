"""A group member: one task a partition, and nothing left when it goes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition

from consumers.loop.broker_watch import EVERY_S
from consumers.loop.group import GroupMember, consumer_options
from schemas.observation.partitions import Ends, EndsRead, PartitionsAssigned, PartitionsRevoked, RebalanceTimed
from schemas.settings import KafkaSettings
from tests.fakes.consumer import MemoryConsumer
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run

A, B = TopicPartition("t.a", 0), TopicPartition("t.b", 1)


class Loop:
    """A partition's loop that takes its time to end, or never does."""

    def __init__(self, *, ends_after_s: float = 1.0, error: Exception | None = None) -> None:
        self.ends_after_s = ends_after_s
        self.error = error
        self.stopping = asyncio.Event()
        self.ended = ""

    def stop(self) -> None:
        """See `PartitionLoop.stop`."""
        self.stopping.set()

    async def run(self) -> None:
        """See `PartitionLoop.run`."""
        try:
            if self.error is not None:
                raise self.error
            await self.stopping.wait()
            await asyncio.sleep(self.ends_after_s)
            self.ended = "finished"
        except asyncio.CancelledError:
            self.ended = "given up"
            raise


class MemberBench:
    """A member, and the loops that it made."""

    def __init__(self, make: Callable[[], Loop] = Loop) -> None:
        self.loops: dict[TopicPartition, Loop] = {}
        self.observer = ObservedFacts()
        self.consumer = MemoryConsumer(end=7, high_watermark=9, assigned={A}, known={"t.a", "t.b"})
        self.stopping = asyncio.Event()
        self.make = make
        self.member = GroupMember(self.consumer, ["t.a", "t.b"], self.make_loop, self.observer, stop_budget_s=5)

    def make_loop(self, source: TopicPartition, consumer: object) -> Any:  # as much of a loop as a member uses
        """See `MakeLoop`."""
        self.loops[source] = self.make()
        return self.loops[source]

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
        await bench.member.on_partitions_assigned([B, A])
        bench.stopping.set()
        await task

        assert ["t.a", "t.b"] == bench.consumer.subscribed
        assert {A: "finished", B: "finished"} == {source: loop.ended for source, loop in bench.loops.items()}
        assert [frozenset({("t.a", 0), ("t.b", 1)})] == bench.observer.each(PartitionsAssigned, "partitions")

    run(scene())


def test_a_rebalance_takes_the_same_way_out() -> None:
    """Finished, and told that nothing is served for the moment."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.member.on_partitions_assigned([A])
        first = bench.loops[A]
        await bench.member.on_partitions_revoked([A])
        assert "finished" == first.ended
        await bench.member.on_partitions_assigned([A])
        bench.stopping.set()
        await task

        assert first is not bench.loops[A]
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
        bench = MemberBench(lambda: Loop(ends_after_s=10**6))
        task = await bench.started()
        await bench.member.on_partitions_assigned([A, B])
        start = asyncio.get_running_loop().time()
        bench.stopping.set()
        await task

        assert {"given up"} == {loop.ended for loop in bench.loops.values()}
        assert asyncio.get_running_loop().time() - start < 6

    run(scene())


def test_a_rebalance_during_the_stop_starts_nothing_new() -> None:
    """Nobody would end those loops: the process would hang until it is killed."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.member.on_partitions_assigned([A])
        bench.stopping.set()
        await asyncio.sleep(0.5)
        await bench.member.on_partitions_revoked([A])
        await bench.member.on_partitions_assigned([A, B])

        await asyncio.wait_for(task, 60)
        assert [A] == list(bench.loops)

    run(scene())


def test_a_loop_that_dies_takes_the_member_with_it() -> None:
    """Nothing half-alive stays; the others are cancelled."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.member.on_partitions_assigned([A])
        bench.make = lambda: Loop(error=ZeroDivisionError())
        await bench.member.on_partitions_assigned([B])
        with pytest.raises(ExceptionGroup) as raised:
            await task

        assert raised.group_contains(ZeroDivisionError)
        assert "given up" == bench.loops[A].ended

    run(scene())


def test_the_ends_of_what_is_served_are_told_while_it_is_served() -> None:
    """Again and again, for no loop can: it may have a batch in hand for hours. Not of what others serve now."""

    async def scene() -> None:
        bench = MemberBench()
        task = await bench.started()
        await bench.member.on_partitions_assigned([A])
        await asyncio.sleep(EVERY_S * 2.5)
        told = len(bench.observer.each(EndsRead, "ends"))
        assert told >= 2
        await bench.member.on_partitions_revoked([A])
        await asyncio.sleep(EVERY_S * 2)
        assert [{("t.a", 0): Ends(7, 9)}] * told == bench.observer.each(EndsRead, "ends")
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
