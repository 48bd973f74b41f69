"""A consumer's membership of its group: kept through an outage; if it ends all the same, the process ends."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from consumers.loop.aiokafka_patch import install
from consumers.loop.broker_watch import EVERY_S
from consumers.loop.group import GroupMember
from consumers.loop.membership import check_membership
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


def test_a_membership_that_has_ended_ends_the_process() -> None:
    """Whatever ended it: the orchestrator starts the process again, and it gets partitions."""
    consumer = MemoryConsumer(known={"t"})
    consumer._coordinator._coordination_task.set_exception(KafkaError("unforeseen"))

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


async def a_real_membership_that_ended() -> None:
    """The client's own classes, after its task has failed."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", group_id="g")
    try:
        consumer._coordinator = Ended()
        check_membership(consumer)
    finally:
        consumer._coordinator = None
        await consumer.stop()


class Ended:
    """A coordinator of aiokafka, as far as it is looked at."""

    def __init__(self) -> None:
        self._coordination_task = asyncio.get_running_loop().create_future()
        self._coordination_task.set_exception(KafkaError("unforeseen"))


def test_the_error_that_ended_a_membership_is_raised_as_it_is() -> None:
    """Nothing of ours: it is not retried."""
    with pytest.raises(KafkaError, match="unforeseen"):
        run(a_real_membership_that_ended())
