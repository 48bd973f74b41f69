"""aiokafka's fetcher without polling: it asks a broker when there is something to read, or something new to know.

In:       the consumer's assignment and positions; partitions that wake it.
Out:      what aiokafka's fetcher keeps for `getmany`: results of fetches, high watermarks, last stable offsets.
Promise:  what is given out, and when a position moves, is aiokafka's own. A fetch with nothing to read ends as late
          as with a broker, so that a reader learns of an open transaction. An idle consumer costs nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as real
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, OffsetOutOfRangeError, for_code

from tests.simulation.kafka.cluster import NO_LEADER, Cluster
from tests.simulation.kafka.codes import chance_error
from tests.simulation.kafka.log import Batch, PartitionLog
from tests.simulation.kafka.stored import Fetched, StoredRecords
from tests.simulation.kernel.clocks import process_time_s
from tests.simulation.kernel.network import ConnectionLost

OPERATION: Final = "FetchRequest"
NOTHING_S: Final = 0.1
"""Until a partition without a leader, or a broker that does not answer, is asked again."""

Wanted = list[tuple[TopicPartition, int]]


class SimulatedFetcher(real.Fetcher):  # type: ignore[misc]  # aiokafka is not typed
    """One for each consumer."""

    def __init__(self, client: Any, subscriptions: Any, **options: Any) -> None:
        self._simulated: Cluster = client.simulated
        self._watched: dict[TopicPartition, Callable[[], None]] = {}
        """What wakes it, by the partition that has something new."""
        self._nodes: dict[int, asyncio.Task[bool]] = {}
        super().__init__(client, subscriptions, **options)

    async def close(self) -> None:
        """See `Fetcher.close`."""
        self._watch(())
        await super().close()

    def wake(self, place: TopicPartition) -> None:
        """A partition has something new; who is asking its broker, or has records of it, looks at it next anyway."""
        if place not in self._records and self._client.cluster.leader_for_partition(place) not in self._nodes:
            self._notify(self._wait_consume_future)

    async def _fetch_requests_routine(self) -> None:
        try:
            while True:
                assignment = await self._assigned()
                self._records.clear()
                self._watch(sorted(assignment.tps))
                try:
                    await self._follow(assignment)
                finally:
                    await self._let_go()
        except asyncio.CancelledError:
            return

    async def _assigned(self) -> Any:
        while True:
            subscription = self._subscriptions.subscription
            assignment = None if subscription is None else subscription.assignment
            if assignment is not None and assignment.active:
                return assignment
            try:
                await self._subscriptions.wait_for_assignment()
            except KafkaError:  # the coordinator's, which is the caller's
                continue

    async def _follow(self, assignment: Any) -> None:
        while assignment.active:
            self._wait_consume_future = self._loop.create_future()
            wait_s = self._begin(assignment)
            waits_for = {self._wait_consume_future, assignment.unassign_future, *self._nodes.values()}
            waits_for |= {state.resume_fut for state in assignment._tp_state.values() if state.paused}
            done, _ = await asyncio.wait(waits_for, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            self._end([node for node, task in self._nodes.items() if task in done])

    def _end(self, nodes: Sequence[int]) -> None:
        ended = [self._nodes.pop(node) for node in nodes]
        results = [task.result() for task in ended]  # an error of any of them is raised
        if any(results):
            for waiter in list(self._fetch_waiters):
                self._notify(waiter)

    def _begin(self, assignment: Any) -> float | None:
        """Ask each broker that is not being asked; how long to wait until it is worth to look again."""
        resets: dict[int, list[TopicPartition]] = {}
        wanted: dict[int, Wanted] = {}
        wait_s: float | None = None
        for place in self._watched:
            state, leader = assignment.state_value(place), self._client.cluster.leader_for_partition(place)
            if leader in self._nodes or place in self._records:
                continue
            if leader is None or leader == NO_LEADER:
                self._client.force_metadata_update()
                wait_s = NOTHING_S
            else:
                self._sort(place, state, resets.setdefault(leader, []), wanted.setdefault(leader, []))
        for node, places in resets.items():
            if places:
                self._nodes[node] = asyncio.create_task(self._update_fetch_positions(assignment, node, places))
            elif wanted[node]:
                self._nodes[node] = asyncio.create_task(self._fetch(assignment, node, wanted[node]))
        return wait_s

    def _sort(self, place: TopicPartition, state: Any, resets: list[TopicPartition], wanted: Wanted) -> None:
        if not state.has_valid_position:
            resets.append(place)
        elif not state.paused and self._is_news(place, state):
            wanted.append((place, state.position))

    def _is_news(self, place: TopicPartition, state: Any) -> bool:
        partition = self._simulated.partition(place)
        partition.readers.setdefault(self._watched[place])
        log = partition.log
        is_known = (log.end, log.last_stable) == (state.highwater, state.lso)
        return not is_known or self._has_answer(log, state.position)

    def _has_answer(self, log: PartitionLog, position: int) -> bool:
        """Whether a broker answers at once: with records, or that there is no such offset."""
        return position < self._visible(log) or position > log.end

    def _visible(self, log: PartitionLog) -> int:
        return log.last_stable if self._isolation_level == real.READ_COMMITTED else log.end

    async def _fetch(self, assignment: Any, node: int, wanted: Wanted) -> bool:
        """Whether somebody who waits for records is to be woken."""
        cluster = self._simulated
        if not any(self._has_answer(cluster.partition(place).log, position) for place, position in wanted):
            await self._for_more(wanted)
        if not await self._client.ready(node):
            await asyncio.sleep(self._retry_backoff)
            return False
        try:
            work, timeout_s = partial(self._answer, node, wanted), self._client._request_timeout_ms / 1000
            found = await cluster.network.call(cluster.servers[node], OPERATION, work, timeout_s)
        except (ConnectionLost, TimeoutError):
            self._client.force_metadata_update()
            await asyncio.sleep(self._retry_backoff)
            return False
        return await self._take(assignment, wanted, found)

    async def _for_more(self, wanted: Wanted) -> None:
        """A broker waits so long for the first record."""
        more = self._loop.create_future()
        partitions = [self._simulated.partition(place) for place, _ in wanted]

        def wake() -> None:
            if any(self._has_answer(part.log, at) for (_, at), part in zip(wanted, partitions, strict=True)):
                self._notify(more)

        for part in partitions:
            part.readers[wake] = None
        try:
            await asyncio.wait({more}, timeout=self._fetch_max_wait_ms / 1000)
        finally:
            for part in partitions:
                part.readers.pop(wake, None)

    async def _answer(self, node: int, wanted: Wanted) -> list[Fetched]:
        code = chance_error(self._simulated, OPERATION)
        return [self._read(node, place, position, code) for place, position in wanted]

    def _read(self, node: int, place: TopicPartition, position: int, code: int) -> Fetched:
        partition = self._simulated.partition(place)
        if code or partition.leader != node:
            return Fetched(code or NotLeaderForPartitionError.errno, None, ())
        log = partition.log
        if position > log.end:
            return Fetched(OffsetOutOfRangeError.errno, None, ())
        return Fetched(0, log, log.read(position, self._visible(log), self._max_partition_fetch_bytes))

    async def _take(self, assignment: Any, wanted: Wanted, found: Sequence[Fetched]) -> bool:
        is_new, is_wrong = False, False
        for (place, position), fetched in zip(wanted, found, strict=True):
            state = assignment.state_value(place)
            if not assignment.active or not state.has_valid_position or state.position != position:
                continue
            if fetched.code:
                is_wrong = True
                is_new |= self._failed(place, state, for_code(fetched.code))
                continue
            state.highwater, state.lso = fetched.end, fetched.stable
            state.timestamp = int(process_time_s() * 1000)
            if fetched.batches:
                self._keep(assignment, place, position, fetched.batches)
                is_new = True
        if is_wrong:
            await asyncio.sleep(self._retry_backoff)
        return is_new

    def _keep(self, assignment: Any, place: TopicPartition, position: int, batches: Sequence[Batch]) -> None:
        is_committed = self._isolation_level == real.READ_COMMITTED
        records = StoredRecords(place, batches, position, is_committed=is_committed)
        self._records[place] = real.FetchResult(  # the class of this moment: the service puts another in its place
            place, assignment=assignment, partition_records=records, backoff=self._prefetch_backoff
        )

    def _failed(self, place: TopicPartition, state: Any, error: type[KafkaError]) -> bool:
        if error is not OffsetOutOfRangeError:
            self._client.force_metadata_update()
            return False
        if self._default_reset_strategy != real.OffsetResetStrategy.NONE:
            state.await_reset(self._default_reset_strategy)
            return False
        self._set_error(place, OffsetOutOfRangeError({place: state.position}))
        return True

    def _watch(self, places: Sequence[TopicPartition]) -> None:
        for place, wake in self._watched.items():
            if place.topic in self._simulated.topics:
                self._simulated.partition(place).readers.pop(wake, None)
        self._watched = {place: partial(self.wake, place) for place in places}

    async def _let_go(self) -> None:
        tasks, self._nodes = list(self._nodes.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
