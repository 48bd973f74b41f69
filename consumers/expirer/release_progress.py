"""How far the workers are with the releases: what was requested before that is decided.

In:       the release topic, and the offsets that the workers' group has committed there.
Out:      the next offset to decide, by partition.
Promise:  what stands before it is decided, and written to the database.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from schemas.errors import BrokerUnavailable


class ReleaseProgress(Protocol):
    """How far the workers are with the releases."""

    async def decided(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """The next offset to decide of these partitions; empty if this process may not read it.

        Raises:
            BrokerUnavailable, KafkaError: Kafka does not answer; safe to repeat.
        """


class KafkaReleaseProgress:
    """Lives as long as its connection."""

    def __init__(self, topic: str, group: str, admin: AIOKafkaAdminClient) -> None:
        """`topic` and `group` are full names."""
        self._topic = topic
        self._group = group
        self._admin = admin

    async def decided(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """See `ReleaseProgress.decided`. A group that has committed nothing (-1) has decided nothing.

        A partition that the answer leaves out says nothing.
        """
        wanted = [TopicPartition(self._topic, number) for number in sorted(partitions)]
        try:
            committed = await self._admin.list_consumer_group_offsets(self._group, partitions=wanted)
        except (GroupAuthorizationFailedError, TopicAuthorizationFailedError):
            return {}
        if committed.keys() != set(wanted):
            raise BrokerUnavailable(f"Kafka does not say the offsets of group {self._group}")
        return {source.partition: max(0, offset.offset) for source, offset in committed.items()}


@asynccontextmanager
async def open_release_progress(
    connection: Mapping[str, Any], topic: str, group: str
) -> AsyncIterator[KafkaReleaseProgress]:
    """Connect; `connection` are the client's options, `topic` and `group` are full names.

    Raises:
        KafkaError: the cluster is unavailable.
    """
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        yield KafkaReleaseProgress(topic, group, admin)
    finally:
        await admin.close()
