"""aiokafka's client without sockets: its requests go to the simulated brokers.

In:       requests, which are not encoded.
Out:      answers, or the errors that aiokafka's client raises: not ready, connection lost, time-out.
Promise:  all that is above the connection is aiokafka's own: metadata that grow old, retries, waiting for topics.
"""

import asyncio
import time
from typing import Any, Final

from aiokafka import client as real
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError, RequestTimedOutError
from aiokafka.protocol.api import Request
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.metadata import MetadataRequest

from tests.simulation.kafka.broker import answer
from tests.simulation.kafka.broker_groups import heartbeat_answer
from tests.simulation.kafka.cluster import CLUSTER, Cluster
from tests.simulation.kernel.network import ConnectionLost

REFUSED_S: Final = 0.001
"""Until a client knows that a broker refuses its connection."""


class SimulatedClient(AIOKafkaClient):  # type: ignore[misc]  # aiokafka is not typed
    """One for each consumer, producer and admin client."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        assert real.time is not time, "aiokafka must be among the packages whose names are replaced"
        self._sync_task: asyncio.Task[None] | None
        self.simulated: Cluster = CLUSTER.get()
        self._is_closed = False

    async def close(self) -> None:
        """See `AIOKafkaClient.close`. What is under way ends by itself: nobody looks at its answer."""
        self._is_closed = True
        await super().close()

    async def bootstrap(self) -> None:
        """See `AIOKafkaClient.bootstrap`. Brokers are tried in turn, each until the request times out."""
        for number in self.simulated.servers:
            try:
                self.cluster.update_metadata(await self.send(number, MetadataRequest([])))
            except KafkaError:
                continue
            if self._sync_task is None:
                self._sync_task = asyncio.create_task(self._md_synchronizer())
            return
        raise KafkaConnectionError(f"Unable to bootstrap from {self._bootstrap_servers}")

    async def ready(self, node_id: int | str, *, group: Any = None) -> bool:
        """Whether the broker takes a connection; a frozen one does."""
        server = self.simulated.servers.get(node_id) if isinstance(node_id, int) else None
        if server is not None and server.is_up:
            return True
        await asyncio.sleep(REFUSED_S)
        self.force_metadata_update()
        return False

    async def send(self, node_id: int, request: Request[Any], *, group: Any = None) -> Any:
        """See `AIOKafkaClient.send`."""
        if self._is_closed or not await self.ready(node_id):
            raise NodeNotReadyError(f"Attempt to send a request to node which is not ready (node id {node_id}).")
        cluster, server = self.simulated, self.simulated.servers[node_id]
        operation = type(request).__name__
        if type(request) is HeartbeatRequest and self._is_plain(node_id, operation):
            return heartbeat_answer(cluster, node_id, request)
        try:
            timeout_s = self._request_timeout_ms / 1000
            return await cluster.network.call(server, operation, lambda: answer(cluster, node_id, request), timeout_s)
        except TimeoutError:
            self.force_metadata_update()
            raise RequestTimedOutError from None
        except ConnectionLost as why:
            self.force_metadata_update()
            raise KafkaConnectionError(f"Connection at {server.name} closed") from why

    def _is_plain(self, node_id: int, operation: str) -> bool:
        """Whether nothing can happen to a call: then it takes no time. Most calls are heartbeats without news."""
        cluster = self.simulated
        is_disturbed = cluster.network.disturb(cluster.servers[node_id].name, operation) is not None
        return cluster.is_available(node_id) and not is_disturbed and operation not in cluster.errors

    def get_random_node(self) -> int | None:
        """See `AIOKafkaClient.get_random_node`."""
        numbers = sorted(broker.nodeId for broker in self.cluster.brokers())
        return self.simulated.random.choice(numbers) if numbers else None

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        numbers = sorted(broker.nodeId for broker in self.cluster.brokers())
        self.simulated.random.shuffle(numbers)
        for number in numbers:
            try:
                metadata = await self.send(number, MetadataRequest(sorted(topics) if topics else None))
            except KafkaError:
                continue
            if not metadata.brokers:
                return False
            cluster_metadata.update_metadata(metadata)
            return True
        cluster_metadata.failed_update(None)
        return False
