"""The classes that production code gets in the place of aiokafka's.

In:       the same arguments; the cluster in `CLUSTER`.
Out:      `SimulatedConsumer`, `SimulatedProducer`, `SimulatedAdmin`; `replacements`, which puts them in place.
Promise:  group membership, transactions, positions, batches and retries are aiokafka's own code, over a client that
          has no sockets, a fetcher that does not poll, and batches that are not encoded.
"""

import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import GroupCoordinator, NoGroupCoordinator
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.sender import Sender

from tests.simulation.kafka.client import SimulatedClient
from tests.simulation.kafka.cluster import CLUSTER
from tests.simulation.kafka.fetcher import SimulatedFetcher
from tests.simulation.kafka.sending import DraftAccumulator
from tests.simulation.kernel.clocks import CLOCKS


def simulated_client(real: AIOKafkaClient) -> SimulatedClient:
    """One with the same options."""
    return SimulatedClient(
        bootstrap_servers=real._bootstrap_servers,
        client_id=real._client_id,
        metadata_max_age_ms=real._metadata_max_age_ms,
        request_timeout_ms=real._request_timeout_ms,
        retry_backoff_ms=round(real._retry_backoff * 1000),
    )


class SimulatedConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is not typed
    """See `AIOKafkaConsumer`."""

    _client: Any
    _fetcher: Any

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        tracked, self._client = self._client._topics, simulated_client(self._client)
        self._client._topics = tracked

    def __del__(self) -> None:
        """A killed process closes nothing."""

    async def start(self) -> None:
        """See `AIOKafkaConsumer.start`."""
        assert self._fetcher is None, "Did you call `start` twice?"
        await self._client.bootstrap()
        await self._wait_topics()
        self._fetcher = SimulatedFetcher(self._client, self._subscription, **self._fetcher_options())
        if self._group_id is None:
            await self._start_alone()
        else:
            await self._start_in_group()

    async def _start_in_group(self) -> None:
        self._coordinator = GroupCoordinator(
            self._client,
            self._subscription,
            group_id=self._group_id,
            group_instance_id=self._group_instance_id,
            heartbeat_interval_ms=self._heartbeat_interval_ms,
            session_timeout_ms=self._session_timeout_ms,
            retry_backoff_ms=self._retry_backoff_ms,
            enable_auto_commit=self._enable_auto_commit,
            auto_commit_interval_ms=self._auto_commit_interval_ms,
            assignors=self._partition_assignment_strategy,
            exclude_internal_topics=self._exclude_internal_topics,
            rebalance_timeout_ms=self._rebalance_timeout_ms,
            max_poll_interval_ms=self._max_poll_interval_ms,
        )
        if self._subscription.subscription is None:
            return
        if self._subscription.partitions_auto_assigned():
            await self._subscription.wait_for_assignment()
        else:
            self._coordinator.start_commit_offsets_refresh_task(self._subscription.subscription.assignment)

    async def _start_alone(self) -> None:
        self._coordinator = NoGroupCoordinator(
            self._client, self._subscription, exclude_internal_topics=self._exclude_internal_topics
        )
        if self._subscription.subscription is not None and self._subscription.partitions_auto_assigned():
            await self._client.force_metadata_update()
            self._coordinator.assign_all_partitions(check_unknown=True)

    def _fetcher_options(self) -> dict[str, Any]:
        assert self._key_deserializer is None, "the service deserializes itself"
        assert self._value_deserializer is None, "the service deserializes itself"
        return {
            "fetch_max_wait_ms": self._fetch_max_wait_ms,
            "max_partition_fetch_bytes": self._max_partition_fetch_bytes,
            "retry_backoff_ms": self._retry_backoff_ms,
            "auto_offset_reset": self._auto_offset_reset,
            "isolation_level": self._isolation_level,
        }


class SimulatedProducer(AIOKafkaProducer):  # type: ignore[misc]  # as above
    """See `AIOKafkaProducer`."""

    client: Any
    _message_accumulator: Any
    _partitioner: Any
    _sender: Any

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        real = self._message_accumulator
        self.client = simulated_client(self.client)
        self._metadata = self.client.cluster
        self._message_accumulator = DraftAccumulator(
            self._metadata,
            real._batch_size,
            real._compression_type,
            real._batch_ttl,
            txn_manager=self._txn_manager,
            loop=self._loop,
            linger_ms=real._linger_time * 1000,
        )
        self._sender = Sender(
            self.client,
            acks=self._sender._acks,
            txn_manager=self._txn_manager,
            retry_backoff_ms=self._sender._retry_backoff * 1000,
            message_accumulator=self._message_accumulator,
            request_timeout_ms=self._request_timeout_ms,
        )
        if isinstance(self._partitioner, DefaultPartitioner):
            self._partitioner = seeded_partitioner

    def __del__(self) -> None:
        """A killed process closes nothing."""


def seeded_partitioner(key: bytes | None, all_partitions: list[int], available: list[int]) -> int:
    """As aiokafka's; a record without a key goes to any partition."""
    if key is None:
        return CLUSTER.get().random.choice(sorted(available or all_partitions))
    chosen: int = DefaultPartitioner()(key, sorted(all_partitions), available)
    return chosen


class SimulatedAdmin(AIOKafkaAdminClient):  # type: ignore[misc]  # as above
    """See `AIOKafkaAdminClient`."""

    _client: Any

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._client = simulated_client(self._client)


def replacements() -> Mapping[Any, Any]:
    """For `clocks.replaced`, in which `aiokafka` and `faust` must be among the packages.

    The module `time` is replaced too, for aiokafka asks it by its full name.
    """
    return {
        AIOKafkaConsumer: SimulatedConsumer,
        AIOKafkaProducer: SimulatedProducer,
        AIOKafkaAdminClient: SimulatedAdmin,
        AIOKafkaClient: SimulatedClient,
        time: virtual_time(),
    }


def virtual_time() -> ModuleType:
    """The module `time`, with the simulation's clocks; everything else in it is as it was."""
    module = ModuleType("time")
    vars(module).update(vars(time))
    for name in ("time", "monotonic", "perf_counter"):
        setattr(module, name, CLOCKS[getattr(time, name)])
    return module
