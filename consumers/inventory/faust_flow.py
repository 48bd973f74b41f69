"""Faust's consumer with a flow of our own: records reach the agent in order, none is skipped, none comes early.

In:       the partitions that the group gave this process, from their committed offsets on.
Out:      `OurConsumer`: `done` with an event, and committed up to there, never beyond.
Promise:  while the flow is closed nothing is handed to the agent, and what was fetched meanwhile is fetched again.
          Nothing outlives the stop: no thread, no task.

Faust 0.15 opens its flow before it seeks to the committed offsets, then empties its queues: what was fetched in
between is lost. A partition without a committed offset is not sought at all, an event that is skipped is
acknowledged, and gaps are judged by an offset that the seek has changed. It also runs its consumer in a thread, whose
queue nobody reads after a crash: whoever then calls the thread waits for ever. See docs/decisions/0012.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from inspect import isawaitable
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust import Service
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT

from consumers.inventory.faust_stop import FAUST_LOG
from consumers.loop.broker_watch import EVERY_S
from consumers.loop.group import consumer_options
from consumers.loop.membership import check_membership

FETCH_S: Final = 0.25
"""Longest wait for records, and so the longest that a rebalance waits for a fetch."""


class CommittedConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread with a consumer of ours; without the thread: it runs on the loop of the application."""

    logger = FAUST_LOG
    wait_for_shutdown = False
    start = Service.start
    maybe_start = Service.maybe_start
    stop = Service.stop
    _stopped_set = Service._stopped_set  # noqa: SLF001  # what the thread has changed in a service
    _stop_children = Service._stop_children  # noqa: SLF001  # as above
    _stop_futures = Service._stop_futures  # noqa: SLF001  # as above
    _stop_exit_stacks = Service._stop_exit_stacks  # noqa: SLF001  # as above

    def __init__(self, consumer: "OurConsumer", **kwargs: Any) -> None:  # noqa: ANN401  # Faust's signature
        super().__init__(consumer, thread_loop=consumer.loop, **kwargs)

    @Service.task
    async def _watch_membership(self) -> None:
        """Crash the application when its membership has ended; Faust looks only when it fetches.

        Raises:
            BrokerUnavailable, KafkaError: as `check_membership` says.
        """
        await self.sleep(EVERY_S)
        while not self.should_stop:
            check_membership(self._ensure_consumer())
            await self.sleep(EVERY_S)

    async def on_stop(self) -> None:
        """Leave the group and close the connections."""
        if self._consumer is not None:
            await cast("Any", self.app).limits.close_consumer(self._consumer)

    async def call_thread(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # Faust's signature
        """Call it here; Faust would queue it."""
        result = fun(*args, **kwargs)
        return await result if isawaitable(result) else result

    def close(self) -> None:
        """Called by Faust in a rebalance during a stop; the stop itself closes the consumer, and waits for it."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ANN401, ARG002  # Faust's signature
        app = cast("Any", self.app)
        options = {**app.side.connection, **consumer_options(app.side.settings, app.group)}
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(**{**options, "partition_assignment_strategy": [self._assignor]})

    async def go_to_committed(self, partitions: Iterable[TP]) -> None:
        """Each partition to its committed offset; to its first record where none is committed.

        Raises:
            IllegalStateError: the group has revoked a partition.
        """
        await self.call_thread(self._go_to_committed, [TopicPartition(*partition) for partition in partitions])

    async def _go_to_committed(self, partitions: Iterable[TopicPartition]) -> None:
        consumer = self._ensure_consumer()
        for partition in partitions:
            committed = await consumer.committed(partition)
            if committed is None:
                committed = (await consumer.beginning_offsets([partition]))[partition]
            consumer.seek(partition, committed)


class OurConsumer(driver.Consumer):
    """Faust's consumer, which delegates to the above."""

    logger = FAUST_LOG

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Faust's signature
        self.closings = 0
        """How often the flow was closed: whoever prepared its opening meanwhile must not open it."""
        self._next: dict[TP, int] = {}
        """Behind the last event that is done."""
        self._idle = asyncio.Event()
        self._idle.set()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> CommittedConsumerThread:
        return CommittedConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def threadsafe_partitions_revoked(self, receiver_loop: Any, revoked: set[TP]) -> None:  # noqa: ANN401, ARG002  # Faust's signature
        """Call it here; Faust would queue it."""
        await self.on_partitions_revoked(revoked)

    async def threadsafe_partitions_assigned(
        self,
        receiver_loop: Any,  # noqa: ANN401, ARG002  # Faust's signature
        assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Call it here; Faust would queue it."""
        await self.on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """The application has committed already; Faust would commit again."""

    def stop_flow(self) -> None:
        """Close the flow: the group is about to rebalance."""
        self.closings += 1
        super().stop_flow()

    async def prepare(self, partitions: Iterable[TP]) -> None:
        """Before the flow opens again: wait for the last fetch, then go to the committed offsets.

        Raises:
            IllegalStateError: the group has revoked a partition meanwhile.
        """
        await self._idle.wait()
        self._next.clear()
        await cast("CommittedConsumerThread", self._thread).go_to_committed(partitions)

    def done(self, message: Any) -> None:  # noqa: ANN401  # Faust's message
        """Counted: the offset behind it may be committed. Events of a partition are done in order."""
        if message.generation_id == self.app.consumer_generation_id:
            self._next[message.tp] = message.offset + 1

    def ack(self, message: Any) -> bool:  # noqa: ANN401  # Faust's message
        """Called by Faust, also for events that it skips; only `done` moves the offset to commit."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:  # noqa: ARG002  # Faust's signature
        committed = self._committed_offset
        return {tp: offset for tp, offset in self._next.items() if offset > (committed[tp] or 0)}

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401  # Faust's service
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(cast("Any", self.can_resume_flow))
                continue
            self._idle.clear()
            try:
                await self._hand_over_next()
            finally:
                self._idle.set()
            await asyncio.sleep(0)

    async def _hand_over_next(self) -> None:
        """Fetch once, and give the records to the agent until the flow is closed."""
        closings = self.closings
        active = set(self._get_active_partitions())
        if not active:
            await self.sleep(FETCH_S)
            return
        records: Mapping[Any, Any] = await self._getmany(active, FETCH_S)
        for tp, record in self.scheduler.iterate(records):
            if self.closings != closings:
                return
            await self.wait_first(self.callback(self._to_message(tp, record)), cast("Any", self.suspend_flow))


def of(app: AppT) -> OurConsumer:
    """The consumer of an application of ours."""
    return cast("OurConsumer", app.consumer)
