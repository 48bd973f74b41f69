"""Apache Kafka: one node that is broker and controller (KRaft), configured for a single machine and for tests.

In:       the layout, a port for clients and one for the controller.
Out:      a Recipe.
"""

import asyncio
import base64
import uuid
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from devstack.child import child, read_all
from devstack.classpath import KAFKA_VERSION, class_path, wanted_version
from devstack.errors import StackError
from devstack.folder import Layout, Report
from devstack.java import find_java
from devstack.ports import HOST
from devstack.recipe import Kind, Recipe, listens

FORMAT_LIMIT_S = 60
ANSWER_LIMIT_MS = 5_000
FIRST_GROUP = "codes-dev"
"""A group that is looked up, but never joined."""

JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",  # two cores are shared with everything else
    "-XX:TieredStopAtLevel=1",  # a broker that lives for minutes never earns back what the second compiler costs
    "-XX:-UsePerfData",  # else every JVM leaves a file outside of the stack's folder
    "-Djava.io.tmpdir=tmp",  # compression libraries unpack themselves here
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)


async def prepare(layout: Layout, ports: Mapping[str, int], report: Report) -> Recipe:
    """Fetch, configure and format what is not yet; say how to run it."""
    version = wanted_version()
    folder = layout.data(f"kafka-{version}")  # no Kafka can use what a newer one has formatted
    record = class_path_record(layout, version)
    java = (
        await asyncio.to_thread(find_java),
        *JVM,
        "-cp",
        ":".join(await class_path(record, version, report)),
    )
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "server.properties").write_text(properties(ports))
    if not (folder / "log" / "meta.properties").is_file():
        report("kafka: formatting its log")
        await _format(java, folder)
    return Recipe(
        engine="kafka",
        version=version,
        command=(*java, "kafka.Kafka", "server.properties"),
        folder=folder,
        answers=lambda: answers(ports["broker"]),
    )


def class_path_record(layout: Layout, version: str) -> Path:
    """Where it is written down which jars this Kafka needs."""
    known = layout.class_path
    return known if version == KAFKA_VERSION else known.with_stem(f"{known.stem}-{version}")


KIND = Kind(ports=("broker", "controller"), prepare=prepare)


def properties(ports: Mapping[str, int]) -> str:
    """The broker's settings. Paths are relative to its folder, so no path needs escaping."""
    broker, controller = f"{HOST}:{ports['broker']}", f"{HOST}:{ports['controller']}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"BROKER://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"BROKER://{broker}",
        "log.dirs": "log",
        "auto.create.topics.enable": "false",
        **dict.fromkeys(ONE_NODE, 1),
        **QUICK,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


ONE_NODE = (
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
)
"""Settings whose defaults need a second and a third node."""

QUICK = {
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,  # tests see the partitions of a dead member move within a second
    "broker.session.timeout.ms": 4_000,  # after a SIGKILL the controller waits this long for the old broker
    "broker.heartbeat.interval.ms": 1_000,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.num.partitions": 8,
    "log.cleaner.dedupe.buffer.size": 16_777_216,  # the default takes a quarter of the heap
}
"""Settings for quick starts, quick tests and little memory."""


def cluster_id() -> str:
    """A UUID in Kafka's encoding, which may not begin with a dash."""
    written = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return "A" + written[1:]


async def answers(port: int) -> bool:
    """Whether the broker serves clients and their groups.

    The metadata must name a live broker. The topic of committed offsets is created by the first look-up of a group;
    before that, the broker refuses requests for a group's offsets.
    """
    if not await listens(port):
        return False
    client = AIOKafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=ANSWER_LIMIT_MS)
    try:
        await client.start()
        await client.find_coordinator(FIRST_GROUP)  # raises until the topic of committed offsets exists
        return bool((await client.describe_cluster())["brokers"])
    except KafkaError:
        return False
    finally:
        await client.close()


async def _format(java: tuple[str, ...], folder: Path) -> None:
    command = (*java, "kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c", "server.properties")
    async with child(*command, limit_s=FORMAT_LIMIT_S, what="formatting Kafka's log", folder=folder) as tool:
        output = await asyncio.gather(read_all(tool.stdout), read_all(tool.stderr))
    if tool.returncode:
        raise StackError("\n".join(["Kafka could not format its log:", *output]))
