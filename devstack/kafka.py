"""Apache Kafka: nodes that are broker and controller (KRaft), configured for a single machine and for tests.

In:       the layout, and for each node a port for clients and one for the controller.
Out:      a Recipe for each node.
"""

import asyncio
import base64
import uuid
from functools import partial
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from devstack.child import child, read_all
from devstack.classpath import KAFKA_VERSION, class_path, wanted_version
from devstack.errors import StackError
from devstack.folder import Layout, Report
from devstack.java import find_java
from devstack.kafka_settings import OPEN, Secured, jvm, properties
from devstack.ports import HOST
from devstack.recipe import Kind, NodePorts, Prepared, Recipe, listens

FORMAT_LIMIT_S = 60
ANSWER_LIMIT_MS = 5_000
FIRST_GROUP = "codes-dev"
"""A group that is looked up, but never joined."""


async def prepare(layout: Layout, ports: NodePorts, report: Report, more: Secured = OPEN) -> Prepared:
    """Fetch, configure and format what is not yet; say how to run it. `more` is for tests."""
    version = wanted_version()
    data = layout.data(data_name(version, len(ports)))
    java = (
        await asyncio.to_thread(find_java),
        *jvm(len(ports)),
        *more.jvm,
        "-cp",
        ":".join(await class_path(class_path_record(layout, version), version, report)),
    )
    folders = {node: data if len(ports) == 1 else data / node for node in ports}
    for number, folder in enumerate(folders.values(), 1):
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        (folder / "server.properties").write_text(properties(number, [*ports.values()], more))
    await _format_new(java, data, [*folders.values()], report, more.format_options)
    command = (*java, "kafka.Kafka", "server.properties")
    return Prepared(
        data,
        {
            node: Recipe("kafka", version, command, folder, partial(answers, ports[node]["broker"]))
            for node, folder in folders.items()
        },
    )


def data_name(version: str, nodes: int) -> str:
    """No Kafka can use what a newer one has formatted, nor what a cluster of another size has."""
    return f"kafka-{version}" if nodes == 1 else f"kafka-{version}-brokers-{nodes}"


def class_path_record(layout: Layout, version: str) -> Path:
    """Where it is written down which jars this Kafka needs."""
    known = layout.class_path
    return known if version == KAFKA_VERSION else known.with_stem(f"{known.stem}-{version}")


KIND = Kind(ports=("broker", "controller"), prepare=prepare)


def new_cluster_id() -> str:
    """A UUID in Kafka's encoding, which may not begin with a dash."""
    written = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return "A" + written[1:]


async def answers(port: int) -> bool:
    """Whether the broker is in its cluster, and serves clients and their groups.

    The topic of committed offsets is created by the first look-up of a group; before that, the broker refuses
    requests for a group's offsets.
    """
    if not await listens(port):
        return False
    client = AIOKafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=ANSWER_LIMIT_MS)
    try:
        await client.start()
        await client.find_coordinator(FIRST_GROUP)  # raises until the topic of committed offsets exists
        return port in {broker["port"] for broker in (await client.describe_cluster())["brokers"]}
    except KafkaError:
        return False
    finally:
        await client.close()


async def _format_new(
    java: tuple[str, ...], data: Path, folders: list[Path], report: Report, options: tuple[str, ...]
) -> None:
    """Format the logs of new nodes: all nodes of a cluster have one cluster id."""
    new = [folder for folder in folders if not (folder / "log" / "meta.properties").is_file()]
    if not new:
        return
    report("kafka: formatting its log")
    known = data / "cluster-id"
    if not known.is_file():
        known.write_text(new_cluster_id())
    async with asyncio.TaskGroup() as tasks:
        for folder in new:
            tasks.create_task(_format(java, folder, known.read_text(), options))


async def _format(java: tuple[str, ...], folder: Path, cluster_id: str, options: tuple[str, ...]) -> None:
    command = (*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", "server.properties", *options)
    async with child(*command, limit_s=FORMAT_LIMIT_S, what="formatting Kafka's log", folder=folder) as tool:
        output = await asyncio.gather(read_all(tool.stdout), read_all(tool.stderr))
    if tool.returncode:
        raise StackError("\n".join(["Kafka could not format its log:", *output]))
