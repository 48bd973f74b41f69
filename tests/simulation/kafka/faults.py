"""The cluster with its faults: what a seeded schedule lets happen to Kafka.

In:       a schedule's calls.
Out:      `SimulatedKafka`, a cluster that can be disturbed.
Promise:  each fault is one that real brokers have, and ends by itself or by its counterpart. Nothing that was
          acknowledged is lost, but by `lose_markers`.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tests.simulation.kafka.cluster import NO_LEADER, Cluster, Kind
from tests.simulation.kernel.world import World

FENCED_AFTER_S: Final = 9.0
"""A broker that the controller does not hear of for so long leads nothing any more, if there are others."""
LOADING_S: Final = 0.3
"""A new coordinator reads its log for so long."""


class SimulatedKafka(Cluster):
    """One for each history."""

    def __init__(self, world: World, brokers: int = 1) -> None:
        super().__init__(world, brokers)
        self._silences = dict.fromkeys(self.servers, 0)
        """How often each broker fell silent: a fence belongs to one of them."""

    def freeze_broker(self, broker: int) -> None:
        """SIGSTOP: requests wait for the thaw; after a while another broker leads what this one led."""
        self.servers[broker].freeze()
        self._fall_silent(broker)

    def thaw_broker(self, broker: int) -> None:
        """SIGCONT."""
        self._silences[broker] += 1
        self.servers[broker].thaw()

    def crash_broker(self, broker: int) -> None:
        """SIGKILL: connections are refused, and what it held in memory is lost."""
        self.servers[broker].crash()
        self._fall_silent(broker)

    def start_broker(self, broker: int) -> None:
        """The broker is back with what is on its disk. What it coordinates is loaded."""
        self._silences[broker] += 1
        self.servers[broker].start()
        for name in self.groups.by_name:
            if self.coordinator("group", name) == broker:
                self._load("group", name, LOADING_S)
        for name in self.transactions.by_id:
            if self.coordinator("transaction", name) == broker:
                self._load("transaction", name, LOADING_S)
        self._lead_again(broker)

    def move_leader(self, place: TopicPartition, broker: int | None = None) -> None:
        """Another broker leads the partition: the one that is named, or any other that is there."""
        partition = self.partition(place)
        others = [number for number in self.servers if self.is_available(number) and number != partition.leader]
        if broker is None and not others:
            return
        partition.leader = self.random.choice(others) if broker is None else broker
        self._layout_changed(place)

    def leave_leaderless(self, place: TopicPartition, seconds: float) -> None:
        """No broker leads the partition for a while."""
        leader = self.partition(place).leader
        self.partition(place).leader = NO_LEADER
        self._layout_changed(place)
        self.later(seconds, partial(self._end_leaderless, place, leader))

    def lack_replicas(self, places: Iterable[TopicPartition], seconds: float) -> None:
        """Too few replicas of these partitions are in sync for a while: writes are refused."""
        for place in places:
            self.partition(place).lacks_replicas = True
            self.later(seconds, partial(self._end_lack, place))

    def delay_markers(self, late_s: float, seconds: float) -> None:
        """For a while markers come so late after the end of a transaction."""
        self.transactions.markers_late_s = late_s
        self.later(seconds, self._end_delay)

    def lose_markers(self, *, on: bool) -> None:
        """KAFKA-20734: markers for partitions that have no leader at the moment are never written."""
        self.transactions.loses_markers = on

    def force_rebalance(self, group: str) -> None:
        """Every member of the group has to join again."""
        self.groups.get(group).members.rebalance()

    def move_coordinator(self, kind: Kind, key: str, *, loading_s: float = LOADING_S) -> None:
        """Another broker coordinates the group or transactional id, and loads it first; the same if it is alone."""
        now = self.coordinator(kind, key)
        others = [number for number in self.servers if number != now and self.is_available(number)]
        self.moved[kind, key] = self.random.choice(others) if others else now
        self._load(kind, key, loading_s)

    def step_clock(self, broker: int, seconds: float) -> None:
        """The broker's clock, which stamps records, is set forward or back."""
        self.servers[broker].clock_offset_s += seconds

    def fail_requests(
        self, operation: str, errors: Iterable[type[KafkaError]], probability: float, seconds: float
    ) -> None:
        """For a while requests of this class (`ProduceRequest`, ...) fail with one of these errors, by chance."""
        self.errors[operation] = (probability, tuple(int(error.errno) for error in errors))
        self.later(seconds, partial(self._end_errors, operation))

    def _fall_silent(self, broker: int) -> None:
        self._silences[broker] += 1
        self.later(FENCED_AFTER_S, partial(self._fence, broker, self._silences[broker]))

    def _fence(self, broker: int, silence: int) -> None:
        """Give what the broker led and coordinated to others, if there are any and it is silent still."""
        others = [number for number in self.servers if self.is_available(number)]
        if self._silences[broker] != silence or not others:
            return
        self.controller = self.controller if self.controller != broker else others[0]
        for place in self._led_by(broker):
            self.move_leader(place)
        self._move_coordinators("group", self.groups.by_name, broker)
        self._move_coordinators("transaction", self.transactions.by_id, broker)

    def _move_coordinators(self, kind: Kind, keys: Iterable[str], broker: int) -> None:
        for key in keys:
            if self.coordinator(kind, key) == broker:
                self.move_coordinator(kind, key)

    def _led_by(self, broker: int) -> list[TopicPartition]:
        return [
            TopicPartition(topic.name, number)
            for topic in self.topics.values()
            for number, part in enumerate(topic.partitions)
            if part.leader == broker
        ]

    def _lead_again(self, broker: int) -> None:
        """Partitions without a leader: a replica of each is here."""
        for place in self._led_by(NO_LEADER):
            self.move_leader(place, broker)

    def _load(self, kind: Kind, key: str, seconds: float) -> None:
        self.loading[kind, key] = self.now_s() + seconds
        if kind == "group":
            self.groups.reload(key.__eq__)

    def _layout_changed(self, place: TopicPartition) -> None:
        self.layout += 1
        self.partition(place).changed(self.now_s())

    def _end_leaderless(self, place: TopicPartition, leader: int) -> None:
        if self.partition(place).leader == NO_LEADER:
            self.partition(place).leader = leader
            self._layout_changed(place)

    def _end_lack(self, place: TopicPartition) -> None:
        self.partition(place).lacks_replicas = False

    def _end_delay(self) -> None:
        self.transactions.markers_late_s = 0.0

    def _end_errors(self, operation: str) -> None:
        self.errors.pop(operation, None)
