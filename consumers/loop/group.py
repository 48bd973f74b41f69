"""One process's membership in a consumer group: which partitions it serves, and how it lets go of them.

In:       topics, and what is done with a partition's records.
Out:      one task a partition, for as long as the group leaves it here.
Promise:  a rebalance and a stop take the same way out: finish the batch within the budget, or give it up
          uncommitted. A task that dies takes the process with it; nothing half-alive stays.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from time import perf_counter
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumers.loop.assignors import sticky_assignor
from consumers.loop.broker_watch import check_topics, probe_repeatedly, read_ends
from consumers.loop.membership import check_membership
from consumers.loop.partition import LoopLimits, OpenEmitter, PartitionLoop, PartitionWork
from consumers.loop.retry import RetryPolicy
from consumers.loop.stopping import stop_consumer
from schemas.errors import BrokerUnavailable
from schemas.observation.fact import Observer
from schemas.observation.partitions import PartitionsAssigned, PartitionsRevoked, RebalanceTimed, TopicSeen
from schemas.settings import KafkaSettings

POLL_INTERVAL_MS_MAX: Final = 24 * 3_600_000
"""The group must not revoke a partition because a batch waits for a database. The session time-out detects a dead
process, and health checks detect a stuck one."""
REBALANCE_TIMEOUT_MS: Final = 30_000
"""How long the group waits for a member that finishes its batches; longer than any stop budget."""
METADATA_MAX_AGE_MS: Final = 30_000
"""New partitions are seen within this time."""
HEARTBEATS_PER_SESSION: Final = 4
HEARTBEAT_MS_MAX: Final = 500
"""A member learns of a rebalance from the answer to its heartbeat, and all others wait for the last one."""

OpenPartition = Callable[[TopicPartition], PartitionWork]


class GroupMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Lives as long as its role."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Sequence[str],
        open_partition: OpenPartition,
        open_emitter: OpenEmitter,
        limits: LoopLimits,
        observer: Observer,
    ) -> None:
        """`topics` are full names; `consumer` is started already."""
        self._consumer = consumer
        self._topics = topics
        self._open_partition = open_partition
        self._open_emitter = open_emitter
        self._limits = limits
        self._observer = observer
        self._loops: dict[PartitionLoop, asyncio.Task[None]] = {}
        self._sources: frozenset[TopicPartition] = frozenset()
        self._tasks: asyncio.TaskGroup | None = None
        self._leaving = False
        self._revoked_at: float | None = None
        """When a rebalance began that is not over."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; then let go of everything.

        Raises:
            ExceptionGroup: what ended a partition's task, unforeseen.
        """
        async with asyncio.TaskGroup() as self._tasks:
            self._consumer.subscribe(topics=list(self._topics), listener=self)
            probing = self._tasks.create_task(
                probe_repeatedly(self._probe, "kafka", self._observer), name="probe kafka"
            )
            await stopping.wait()
            self._leaving = True
            probing.cancel()
            await self._let_go()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002  # aiokafka revokes all
        """A rebalance begins: let go of all partitions."""
        began = perf_counter()
        serving = bool(self._loops)
        await self._let_go()
        self._observer.observe(PartitionsRevoked())
        if serving:
            self._observer.observe(RebalanceTimed("let_go", perf_counter() - began))
            self._revoked_at = began

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Serve these from now on; none of them if the process is about to leave: nobody would end their loops."""
        if self._leaving:
            return
        if self._revoked_at is not None:
            self._observer.observe(RebalanceTimed("whole", perf_counter() - self._revoked_at))
            self._revoked_at = None
        self._sources = frozenset(assigned)
        for source in sorted(assigned):
            self._start_loop(source)
        self._observer.observe(PartitionsAssigned(frozenset((source.topic, source.partition) for source in assigned)))

    def _start_loop(self, source: TopicPartition) -> None:
        work = self._open_partition(source)
        loop = PartitionLoop(source, self._consumer, work, self._open_emitter, self._limits, self._observer)
        assert self._tasks is not None
        self._loops[loop] = self._tasks.create_task(loop.run(), name=f"{source.topic}.{source.partition}")

    async def _probe(self) -> None:
        check_membership(self._consumer)
        await check_topics(self._topics, self._consumer)
        for topic in self._topics:
            self._observer.observe(TopicSeen(topic, len(self._consumer.partitions_for_topic(topic) or ())))
        await read_ends(self._consumer, self._sources, self._observer)

    async def _let_go(self) -> None:
        loops, self._loops = self._loops, {}
        self._sources = frozenset()
        if not loops:
            return
        for loop in loops:
            loop.stop()
        _, late = await asyncio.wait(loops.values(), timeout=self._limits.stop_budget_s)
        for task in late:
            task.cancel()
        for task in late:
            with suppress(asyncio.CancelledError):
                await task


def consumer_options(settings: KafkaSettings, group: str) -> Mapping[str, Any]:
    """What every consumer of ours has in common, connection aside."""
    return {
        "group_id": group,
        "group_instance_id": settings.group_instance_id,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_committed",
        "session_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": min(settings.session_timeout_ms // HEARTBEATS_PER_SESSION, HEARTBEAT_MS_MAX),
        "rebalance_timeout_ms": REBALANCE_TIMEOUT_MS,
        "max_poll_interval_ms": POLL_INTERVAL_MS_MAX,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "partition_assignment_strategy": (sticky_assignor(),),
    }


async def started_consumer(options: Mapping[str, Any], retries: RetryPolicy) -> AIOKafkaConsumer:
    """A consumer that has found its cluster, however long that took."""

    async def once() -> AIOKafkaConsumer:
        async with AsyncExitStack() as unless_started:
            consumer = AIOKafkaConsumer(**options)
            unless_started.push_async_callback(stop_consumer, consumer)
            try:
                await consumer.start()
            except KafkaConnectionError as why:
                raise BrokerUnavailable(str(why)) from None
            unless_started.pop_all()
        return consumer

    return await retries.run(once)
