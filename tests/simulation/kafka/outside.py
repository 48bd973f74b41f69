"""Senders and readers that are no part of the service, without clients: cheap for a workload.

In:       the cluster.
Out:      `append`, which sends a record as a plain producer that does not retry; `Tail`, which reads what has become
          visible.
Promise:  a record that was not acknowledged may have been written, as with a real producer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tests.checking.history import Logged
from tests.simulation.kafka.cluster import NO_LEADER, Cluster
from tests.simulation.kafka.log import Damage, Draft, StoredRecord
from tests.simulation.kafka.reading import records_of
from tests.simulation.kernel.network import ConnectionLost

OPERATION = "ProduceRequest"


async def append(cluster: Cluster, place: TopicPartition, draft: Draft | tuple[bytes | None, bytes | None]) -> bool:
    """Send a batch, or key and value of a record; False: not acknowledged, and perhaps written."""
    leader = cluster.leader(place)
    if leader == NO_LEADER or not cluster.servers[leader].is_up:
        return False
    batch = draft if isinstance(draft, Draft) else plain(cluster, leader, *draft)

    async def write() -> None:
        cluster.append(place, batch)

    try:
        await cluster.network.call(cluster.servers[leader], OPERATION, write)
    except (ConnectionLost, KafkaError):
        return False
    return True


def plain(cluster: Cluster, leader: int, key: bytes | None, value: bytes | None) -> Draft:
    """A batch of one record."""
    return Draft((StoredRecord(key, value, (), cluster.clock_ms(leader)),))


def damaged(cluster: Cluster, damage: Damage, records: int = 1) -> Draft:
    """A batch that no reader can take apart, for `append`."""
    at_ms = cluster.clock_ms(min(cluster.servers))
    return Draft((StoredRecord(None, None, (), at_ms),) * records, damage=damage)


@dataclass(slots=True)
class Tail:
    """A `read_committed` reader of some topics, by their full names; it sees partitions that are added."""

    cluster: Cluster
    prefix: str
    topics: Sequence[str]
    _read: dict[TopicPartition, int] = field(default_factory=dict)

    def new(self) -> Iterator[Logged]:
        """What has become visible since the last call, in the order of each partition."""
        for name in self.topics:
            topic = self.cluster.topics.get(name)
            for number in range(len(topic.partitions) if topic else 0):
                yield from self._new_of(TopicPartition(name, number))

    def _new_of(self, place: TopicPartition) -> Iterator[Logged]:
        partition, begin = self.cluster.partition(place), self._read.get(place, 0)
        stable = partition.log.last_stable
        if stable <= begin:
            return
        self._read[place] = stable
        bare = place.topic.removeprefix(self.prefix)
        for batch in partition.log.read(begin, stable, 1 << 60):
            if not batch.is_marker and not batch.is_aborted:
                yield from records_of(bare, place.partition, batch, partition)
