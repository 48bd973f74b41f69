"""Three brokers of the local stack, of which one is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import devstack
from devstack.addresses import hosts
from devstack.shape import Shape
from tests.integration.clusters import a_cluster, described, killed, leader_of
from tests.integration.stack_folder import running_below

pytestmark = pytest.mark.integration

TOPIC = "greetings"
BY_DEFAULT = -1
"""The replication that `codes migrate` asks for: the brokers' own."""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a cluster of three brokers."""
    path = tmp_path_factory.mktemp("brokers")
    with a_cluster(path, "kafka", Shape(brokers=3)):
        yield path


@pytest.mark.thorough
async def test_acknowledged_records_survive_the_kill_of_their_leader(folder: Path) -> None:
    """A topic has three replicas, and what all in-sync replicas have is read from the other two; `down` ends them."""
    servers = hosts(node.port for node in devstack.nodes(folder))
    await make_topic(servers)
    replicas = (await described(servers, TOPIC))["replicas"]
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await producer.send_and_wait(TOPIC, b"before")
        leader = await leader_of(folder, servers, TOPIC)
        killed(folder, leader)
        await producer.send_and_wait(TOPIC, b"after")

    assert [1, 2, 3] == sorted(replicas)
    assert leader != await leader_of(folder, servers, TOPIC)
    assert [b"before", b"after"] == await first_two(servers)
    devstack.down(folder)
    assert [] == running_below(folder)


async def make_topic(servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, BY_DEFAULT, {})])
    finally:
        await admin.close()


async def first_two(servers: str) -> list[bytes | None]:
    """The first two values of the topic."""
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        return [(await consumer.getone()).value for _ in range(2)]
