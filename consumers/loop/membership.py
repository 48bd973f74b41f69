"""aiokafka's membership of a group, and its fetches, kept alive and watched: they run in tasks of the client's own.

In:       a consumer of a group.
Out:      `install`: a cluster that has just come back is asked again. `check_membership`: an error that the client
          would tell only to a reader of records.
Promise:  no process stays in which one of these tasks has ended: it would look healthy, and would never be given a
          partition, or never get a record.
"""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from schemas.errors import BrokerUnavailable

lookup = AIOKafkaClient.coordinator_lookup


def install() -> None:
    """Let all clients of this process look a coordinator up again while the cluster names no broker."""
    AIOKafkaClient.coordinator_lookup = lookup_if_named


async def lookup_if_named(client: AIOKafkaClient, kind: Any, key: str) -> Any:  # noqa: ANN401  # aiokafka's own types
    """A broker that restarts, or was fenced, knows of no broker for a moment; the client would raise AssertionError.

    That ends the task of the membership, and nothing starts it again.

    Raises:
        GroupCoordinatorNotAvailableError: the client tries again.
    """
    if client.get_random_node() is None:
        raise GroupCoordinatorNotAvailableError("Kafka names no broker yet")
    return await lookup(client, kind, key)


def check_membership(consumer: AIOKafkaConsumer) -> None:
    """Look for what the client would say at the next fetch; a process without partitions fetches nothing.

    Raises:
        BrokerUnavailable: the group refuses this member; the client tries again, once this was read.
        KafkaError: a task of the client has ended, by something unforeseen. The process must end too.
    """
    coordinator = consumer._coordinator  # noqa: SLF001  # nothing public says it
    for task in (coordinator._coordination_task, consumer._fetcher.error_future):  # noqa: SLF001
        if task.done():
            task.result()
            return
    try:
        coordinator.check_errors()
    except KafkaError as why:
        raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None
