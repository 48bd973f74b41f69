"""The simulated Kafka cluster: brokers, topics with their logs, and who leads and coordinates what.

In:       a world; topics; faults (see `faults`).
Out:      `Cluster`, which brokers and clients share. `CLUSTER`, in which clients find theirs.
Promise:  what a client can see of it goes through the network. What is acknowledged stays: logs are never cut.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal
from zlib import crc32

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidPartitionsError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)

from tests.simulation.kafka.groups import Groups
from tests.simulation.kafka.log import Appended, Draft, PartitionLog, check
from tests.simulation.kafka.transactions import Transactions
from tests.simulation.kernel.clocks import EPOCH
from tests.simulation.kernel.network import Server
from tests.simulation.kernel.world import World

NO_LEADER: Final = -1
EPOCH_MS: Final = int(EPOCH.timestamp() * 1000)
RECORD_BYTES_MAX: Final = 1_048_588
DEFAULTS: Final = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "CreateTime",
    "max.message.bytes": str(RECORD_BYTES_MAX),
    "min.insync.replicas": "1",
    "retention.ms": "604800000",
    "retention.bytes": "-1",
}
"""Of a topic's configuration, what somebody may look at."""

Kind = Literal["group", "transaction"]

CLUSTER: ContextVar["Cluster"] = ContextVar("CLUSTER")
"""The cluster that clients connect to, whatever address they are given."""


@dataclass(eq=False, slots=True)
class Partition:
    """One partition."""

    log: PartitionLog
    leader: int
    lacks_replicas: bool = False
    """Whether writes are refused: too few replicas are in sync."""
    readers: dict[Callable[[], None], None] = field(default_factory=dict)
    """Called when there is something new: how a broker ends the wait of a fetch."""
    stable_since: list[tuple[int, float]] = field(default_factory=list)
    """Each last stable offset, and when it was reached."""

    def changed(self, now_s: float) -> None:
        """Wake who waits for something new."""
        stable = self.log.last_stable
        if not self.stable_since or self.stable_since[-1][0] < stable:
            self.stable_since.append((stable, now_s))
        for wake in list(self.readers):
            wake()


@dataclass(eq=False, slots=True)
class Topic:
    """One topic."""

    name: str
    partitions: list[Partition]
    config: dict[str, str]

    @property
    def is_stamped(self) -> bool:
        """Whether the broker writes the time of append."""
        return self.config.get("message.timestamp.type") == "LogAppendTime"

    @property
    def bytes_max(self) -> int:
        """The largest batch."""
        return int(self.config.get("max.message.bytes", RECORD_BYTES_MAX))


class Cluster:
    """All brokers together."""

    def __init__(self, world: World, brokers: int = 1) -> None:
        self.world = world
        self.network = world.network
        self.random = Random(world.random.getrandbits(64))
        self.servers = {number: Server(f"kafka-{number}") for number in range(1, brokers + 1)}
        self.controller = 1
        self.topics: dict[str, Topic] = {}
        self.groups = Groups(self)
        self.transactions = Transactions(self)
        self.loading: dict[tuple[Kind, str], float] = {}
        """Groups and transactional ids that their new coordinator loads, and until when."""
        self.moved: dict[tuple[Kind, str], int] = {}
        """Coordinators that are not where the hash has them."""
        self.errors: dict[str, tuple[float, tuple[int, ...]]] = {}
        """By operation, how likely it fails, and with which of these codes."""
        self.layout = 1
        """Counts changes of topics and leaders."""

    def now_s(self) -> float:
        """True time."""
        return self.world.loop.time()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something as a server."""
        self.world.loop.call_later(seconds, work, context=self.network.outside)

    def is_available(self, broker: int) -> bool:
        """Whether a broker is there and works."""
        server = self.servers.get(broker)
        return server is not None and server.is_up and server.is_reachable

    def clock_ms(self, broker: int) -> int:
        """What a broker's clock shows."""
        return EPOCH_MS + int(self.now_s() * 1000) + round(self.servers[broker].clock_offset_s * 1000)

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Create a topic. Raises TopicAlreadyExistsError."""
        check(name not in self.topics, TopicAlreadyExistsError)
        self.topics[name] = Topic(name, [], dict(config or {}))
        self._add_partitions(name, partitions)

    def add_partitions(self, name: str, count: int) -> None:
        """Let a topic have `count` partitions. Raises InvalidPartitionsError, UnknownTopicOrPartitionError."""
        check(name in self.topics, UnknownTopicOrPartitionError)
        there = len(self.topics[name].partitions)
        check(count > there, InvalidPartitionsError)
        self._add_partitions(name, count - there)

    def _add_partitions(self, name: str, more: int) -> None:
        partitions, brokers = self.topics[name].partitions, sorted(self.servers)
        for number in range(len(partitions), len(partitions) + more):
            first = crc32(name.encode()) + number
            partitions.append(Partition(PartitionLog(), brokers[first % len(brokers)]))
        self.layout += 1

    def partition(self, place: TopicPartition) -> Partition:
        """A partition. Raises UnknownTopicOrPartitionError."""
        topic = self.topics.get(place.topic)
        if topic is None or not 0 <= place.partition < len(topic.partitions):
            raise UnknownTopicOrPartitionError
        number: int = place.partition
        return topic.partitions[number]

    def leader(self, place: TopicPartition) -> int:
        """The broker that leads a partition, or `NO_LEADER`."""
        return self.partition(place).leader

    def coordinator(self, kind: Kind, key: str) -> int:
        """The broker that coordinates a group or a transactional id."""
        brokers = sorted(self.servers)
        return self.moved.get((kind, key), brokers[crc32(key.encode()) % len(brokers)])

    def is_loading(self, kind: Kind, key: str) -> bool:
        """Whether its coordinator does not know it yet."""
        return self.now_s() < self.loading.get((kind, key), 0.0)

    def works(self, kind: Kind, key: str) -> bool:
        """Whether its coordinator is there and knows it."""
        return self.is_available(self.coordinator(kind, key)) and not self.is_loading(kind, key)

    def append(self, place: TopicPartition, draft: Draft) -> Appended:
        """Write a batch.

        Raises:
            UnknownTopicOrPartitionError, MessageSizeTooLargeError, NotEnoughReplicasError: and as `PartitionLog`.
        """
        partition, topic = self.partition(place), self.topics[place.topic]
        check(draft.size <= topic.bytes_max, MessageSizeTooLargeError)
        check(not partition.lacks_replicas and self._has_enough_brokers(topic), NotEnoughReplicasError)
        stamp = self.clock_ms(partition.leader) if topic.is_stamped else None
        appended = partition.log.append(draft, stamp)
        partition.changed(self.now_s())
        return appended

    def _has_enough_brokers(self, topic: Topic) -> bool:
        wanted = int(topic.config.get("min.insync.replicas", "1"))
        return wanted <= 1 or wanted <= sum(map(self.is_available, self.servers))

    def write_marker(self, place: TopicPartition, producer_id: int, epoch: int, *, is_commit: bool) -> None:
        """End a transaction on one partition."""
        partition = self.partition(place)
        timestamp_ms = self.clock_ms(partition.leader)
        partition.log.end_transaction(producer_id, epoch, is_commit=is_commit, timestamp_ms=timestamp_ms)
        partition.changed(self.now_s())
