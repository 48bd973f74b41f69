"""Faults of Kafka's and MongoDB's nodes.

In:       a fault of the schedule, the nodes.
Out:      the fault done, one at a time.
"""

import asyncio
import signal
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from devstack import Node
from devstack.shape import NodeKind
from ops.broker.topics import migrate_topics
from ops.settings.load import Settings
from schemas.errors import CodeServiceError
from schemas.topics import REQUEST_TOPICS, RESULTS, Topics
from tests.chaos.election import elect_preferred_leaders
from tests.chaos.faults import Carry
from tests.chaos.finding import coordinator_of, leader_of, primary_of, step_down
from tests.chaos.nodes import Nodes
from tests.chaos.schedule import Fault

ADDED_MAX = 3
WIDENED = (*REQUEST_TOPICS, RESULTS)
GROUPS = ("worker", "importer", "expirer", "inventory")
MEMBERS: tuple[NodeKind, ...] = ("database", "shard")


class NodeFaults:
    """Lives as long as a storm."""

    def __init__(self, nodes: Nodes, settings: Settings) -> None:
        self._nodes, self._settings = nodes, settings
        self._servers = settings.kafka.bootstrap_servers
        self._outage = asyncio.Lock()
        """The schedule leaves room between outages; a slow restart may not."""
        self._added = 0

    def carriers(self) -> dict[str, Carry]:
        """By kind."""
        return {
            "freeze_broker": lambda fault: self._freeze(fault, "kafka"),
            "kill_broker": lambda fault: self._end(fault, signal.SIGKILL, "kafka"),
            "stop_broker": lambda fault: self._end(fault, signal.SIGTERM, "kafka"),
            "two_brokers_frozen": lambda fault: self._freeze(fault, "kafka", count=2),
            "kill_leader": lambda fault: self._on_leader(fault, is_killed=True),
            "isolate_leader": lambda fault: self._on_leader(fault, is_killed=False),
            "kill_coordinator": self._kill_coordinator,
            "elect_leaders": self._elect_leaders,
            "add_partitions": self._add_partitions,
            "freeze_database": lambda fault: self._freeze(fault, "database"),
            "kill_database": lambda fault: self._end(fault, signal.SIGKILL, "database"),
            "no_majority": lambda fault: self._freeze(fault, "database", count=2),
            "step_down": self._step_down,
            "kill_primary": lambda fault: self._on_primary(fault, is_killed=True),
            "freeze_primary": lambda fault: self._on_primary(fault, is_killed=False),
            "freeze_shard": lambda fault: self._freeze(fault, "shard"),
            "kill_shard": lambda fault: self._end(fault, signal.SIGKILL, "shard"),
            "freeze_router": lambda fault: self._freeze(fault, "router"),
            "kill_router": lambda fault: self._end(fault, signal.SIGKILL, "router"),
            "freeze_config": lambda fault: self._freeze(fault, "config"),
        }

    def _chosen(self, fault: Fault, *kinds: NodeKind, count: int = 1) -> Sequence[Node]:
        found = self._nodes.of(*kinds)
        first = fault.target % len(found)
        return [*found[first:], *found[:first]][:count]

    async def _freeze(self, fault: Fault, *kinds: NodeKind, count: int = 1) -> None:
        async with self._outage:
            await self._nodes.freeze(self._chosen(fault, *kinds, count=count), fault.lasts_s)

    async def _end(self, fault: Fault, how: signal.Signals, *kinds: NodeKind) -> None:
        async with self._outage:
            [node] = self._chosen(fault, *kinds)
            await self._nodes.end(node, how, fault.lasts_s)

    async def _on(self, fault: Fault, node: Node, *, is_killed: bool) -> None:
        if is_killed:
            await self._nodes.end(node, signal.SIGKILL, fault.lasts_s)
        else:
            await self._nodes.freeze([node], fault.lasts_s)

    async def _on_leader(self, fault: Fault, *, is_killed: bool) -> None:
        """Of a partition of a request topic or of the results."""
        async with self._outage:
            topic = Topics(self._settings.topics.prefix).full(WIDENED[fault.target % len(WIDENED)])
            port = await leader_of(self._servers, topic, fault.target % 4)
            await self._on(fault, self._broker_at(fault, port), is_killed=is_killed)

    async def _kill_coordinator(self, fault: Fault) -> None:
        async with self._outage:
            group = self._settings.kafka.group_prefix + GROUPS[fault.target % len(GROUPS)]
            port = await coordinator_of(self._servers, group)
            await self._on(fault, self._broker_at(fault, port), is_killed=True)

    def _broker_at(self, fault: Fault, port: int | None) -> Node:
        """The broker with this port, or any one if nobody said which."""
        brokers = self._nodes.of("kafka")
        return next((node for node in brokers if node.port == port), brokers[fault.target % len(brokers)])

    async def _elect_leaders(self, fault: Fault) -> None:
        [node] = self._chosen(fault, "kafka")
        await elect_preferred_leaders(node.port)

    async def _add_partitions(self, fault: Fault) -> None:
        """One more for each request topic and the results, a few times."""
        if self._added == ADDED_MAX:
            return
        before = self._settings.topics.partitions
        partitions = before | {spec.name: before[spec.name] + self._added + 1 for spec in WIDENED}
        topics = self._settings.topics.model_copy(update={"partitions": partitions})
        try:
            await migrate_topics(self._settings.model_copy(update={"topics": topics}), check=False)
        except (CodeServiceError, KafkaError):
            return  # Kafka is unavailable; the next fault of this kind adds them
        self._added += 1

    async def _on_primary(self, fault: Fault, *, is_killed: bool) -> None:
        async with self._outage:
            primary = await primary_of(self._nodes.of("database"))
            await self._on(fault, primary or self._chosen(fault, "database")[0], is_killed=is_killed)

    async def _step_down(self, fault: Fault) -> None:
        async with self._outage:
            primary = await primary_of(self._nodes.of("database"))
            if primary is not None:
                await asyncio.to_thread(step_down, primary)
