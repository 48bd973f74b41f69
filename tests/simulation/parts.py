"""Kafka, MongoDB and S3 of one history, with topics and collections made by the service's own `codes migrate`.

In:       a world, the settings, the setup.
Out:      `Parts`: where senders append, what a reader sees, whether anything is still to be done, and the `History`.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NotLeaderForPartitionError

from ops.broker.migrate import migrate
from ops.settings.load import Settings
from schemas.groups import IMPORTER_GROUP, INVENTORY_GROUP, WORKER_GROUP
from schemas.topics import ASSIGN, IMPORT, INVENTORY, RELEASE, RESERVE
from tests.checking.history import History, Logged
from tests.simulation.kafka import reading
from tests.simulation.kafka.cluster import CLUSTER
from tests.simulation.kafka.faults import SimulatedKafka
from tests.simulation.kernel.clocks import EPOCH
from tests.simulation.kernel.network import ConnectionLost
from tests.simulation.kernel.world import World
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.plan import Setup
from tests.simulation.s3.storage import STORAGE, Storage
from tests.simulation.settings import BUCKET, GROUP_PREFIX, PREFIX
from tests.simulation.views import TABLE, Shown, table, true_counts

READS: Final = [
    (GROUP_PREFIX + WORKER_GROUP, PREFIX + RESERVE.name),
    (GROUP_PREFIX + WORKER_GROUP, PREFIX + ASSIGN.name),
    (GROUP_PREFIX + WORKER_GROUP, PREFIX + RELEASE.name),
    (GROUP_PREFIX + IMPORTER_GROUP, PREFIX + IMPORT.name),
]
COUNTS: Final = [(GROUP_PREFIX + INVENTORY_GROUP, PREFIX + INVENTORY.name)]
"""What views read; `READS` is always read."""


@dataclass(eq=False, slots=True)
class Parts:
    """The servers."""

    world: World
    settings: Settings
    kafka: SimulatedKafka
    mongo: Deployment
    storage: Storage
    _read_to: dict[tuple[str, int], int] = field(default_factory=dict)

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has at the moment; by its name without prefix."""
        return len(self.kafka.topics[PREFIX + topic].partitions)

    async def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> bool:
        """Append a record as a sender's client would; False: not acknowledged, and perhaps appended."""
        place = TopicPartition(PREFIX + topic, partition)
        leader = self.kafka.leader(place)
        if leader not in self.kafka.servers:
            return False

        async def write() -> None:
            if self.kafka.leader(place) != leader:
                raise NotLeaderForPartitionError
            reading.put(self.kafka, place.topic, value, key or b"", partition=partition)

        try:
            await self.world.network.call(self.kafka.servers[leader], "Append", write)
        except (KafkaError, ConnectionLost):
            return False
        return True

    def visible(self) -> Iterator[Logged]:
        """Records of output topics that a `read_committed` reader has not read yet."""
        return reading.outputs_after(self.kafka, PREFIX, self._read_to)

    def unsettled(self, shown: Mapping[str, Shown]) -> str | None:
        """What is not read, ended or shown yet, if anything. `shown`: by each view."""
        if not reading.is_settled(self.kafka, READS + COUNTS * bool(shown)):
            return "input is not read to its end, or a transaction is open"
        now = EPOCH + timedelta(seconds=self.world.loop.time())
        documents = self.mongo.documents(self.settings.mongo.database)
        reservations = documents.get("reservations", [])
        overdue = [found["_id"] for found in reservations if found["state"] == "held" and found["expires_at"] <= now]
        if overdue:
            return f"overdue: {overdue[0]}"
        true = true_counts(documents.get("codes", [])) if shown else None
        late = [name for name, counts in self._with_table(shown).items() if counts != true]
        return f"views: {', '.join(late)}" if late else None

    def _with_table(self, shown: Mapping[str, Shown]) -> Mapping[str, Shown]:
        return {**shown, TABLE: table(self.kafka, GROUP_PREFIX)} if shown else {}

    def history(
        self,
        seen: Sequence[Logged],
        last_fault_s: float,
        tasks_left: Sequence[str],
        bound_s: float,
        shown: Mapping[str, Shown],
    ) -> History:
        """What the checker is given."""
        return History(
            guarantee=self.settings.processing_guarantee,
            inputs=reading.inputs(self.kafka, PREFIX),
            outputs=seen,
            documents=self.mongo.documents(self.settings.mongo.database),
            committed=reading.committed(self.kafka, PREFIX, GROUP_PREFIX),
            objects=self.storage.contents(),
            began_ms=int(EPOCH.timestamp() * 1000),
            last_fault_s=last_fault_s,
            ended_s=self.world.loop.time(),
            answer_bound_s=bound_s,
            tasks_left=tasks_left,
            views=self._with_table(shown),
            stock_limits=(self.settings.inventory.low_percent, self.settings.inventory.low_count),
        )


async def open_parts(world: World, settings: Settings, setup: Setup) -> Parts:
    """New servers; call it where the clients' names are the simulation's."""
    kafka = SimulatedKafka(world, setup.brokers)
    mongo = Deployment(world.network, Random(world.random.getrandbits(64)))
    storage = Storage(world.network)
    storage.objects.create_bucket(Bucket=BUCKET)
    CLUSTER.set(kafka)
    DEPLOYMENT.set(mongo)
    STORAGE.set(storage)
    await asyncio.wait_for(migrate(settings), 60)
    return Parts(world, settings, kafka, mongo, storage)
