"""A consumer's membership of its group: kept through an outage; if it ends all the same, the process ends."""

import asyncio

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from consumers.loop.aiokafka_patch import install
from consumers.loop.broker_watch import EVERY_S
from consumers.loop.group import GroupMember
from schemas.errors import BrokerUnavailable
from schemas.observation.partitions import PartUnavailable
from tests.fakes.consumer import MemoryConsumer
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import LIMITS, open_memory_emitter
from tests.fakes.time import run


async def lookup_without_brokers() -> None:
    """What the membership does first, on a cluster that names no broker."""
    install()
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
    try:
        await client.coordinator_lookup(0, "group")
    finally:
        await client.close()


def test_a_cluster_that_names_no_broker_is_asked_again() -> None:
    """The client raised AssertionError, its membership ended, and the process waited for partitions for ever."""
    with pytest.raises(GroupCoordinatorNotAvailableError) as raised:
        run(lookup_without_brokers())

    assert raised.value.retriable


async def member_of(consumer: MemoryConsumer, observer: ObservedFacts) -> None:
    """A member without partitions, for two probes."""
    member = GroupMember(consumer, ["t"], lambda _: pytest.fail("served"), open_memory_emitter, LIMITS, observer)
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(1.5 * EVERY_S, stopping.set)
    await member.run(stopping)


@pytest.mark.parametrize("is_fetching", [False, True])
def test_a_task_of_the_client_that_has_ended_ends_the_process(is_fetching: bool) -> None:
    """Its membership or its fetches: the orchestrator starts the process again, which then gets both."""
    consumer = MemoryConsumer(known={"t"})
    ended = consumer._fetcher.error_future if is_fetching else consumer._coordinator._coordination_task
    ended.set_exception(KafkaError("unforeseen"))

    with pytest.raises(ExceptionGroup) as raised:
        run(member_of(consumer, ObservedFacts()))

    assert raised.group_contains(KafkaError)


def test_a_group_that_refuses_a_member_without_partitions_is_reported_and_asked_again() -> None:
    """The client waits until somebody has read the error; only a fetch would."""
    consumer, observer = MemoryConsumer(known={"t"}), ObservedFacts()
    consumer._coordinator.error = GroupAuthorizationFailedError("group")

    run(member_of(consumer, observer))

    assert [BrokerUnavailable] == [type(why) for why in observer.each(PartUnavailable, "error")]
    assert consumer._coordinator.error is None
