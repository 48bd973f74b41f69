"""Clusters of a test's own: one part of the local stack with several nodes, in a folder of its own.

Out: `a_cluster`; `killed`; `leader_of`, `primary_of`; `LEFT_OUT` and `left_out`, of the tests that need MongoDB's
     programs.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

import devstack
from devstack import Node
from devstack.folder import Layout
from devstack.shape import PartName, Shape
from devstack.starting import start_parts
from devstack.state import StateFile
from tests.integration.own_broker import take_known_jars
from tests.integration.stack_folder import WAIT_MAX_S

LEFT_OUT: Final = "left out: databases of several nodes: no mongod and mongos on the PATH"

POLL_S: Final = 0.05


def left_out() -> bool:
    """Whether tests of databases of several nodes are left out: the embedded server has one node."""
    return shutil.which("mongod") is None or shutil.which("mongos") is None


@contextmanager
def a_cluster(folder: Path, part: PartName, shape: Shape) -> Iterator[None]:
    """One part alone, in this shape; removed at the end."""
    take_known_jars(folder)
    file = StateFile(Layout(folder).state)
    file.reshape(shape)
    asyncio.run(start_parts(shape.nodes_of(part), Layout(folder), file, lambda _: None))
    try:
        yield
    finally:
        devstack.down(folder, wipe=True)


def nodes_by_name(folder: Path) -> dict[str, Node]:
    return {node.name: node for node in devstack.nodes(folder)}


def killed(folder: Path, node: Node) -> None:
    """Kill a node, and wait until its process has ended."""
    os.kill(node.pid, signal.SIGKILL)
    deadline = time.monotonic() + WAIT_MAX_S
    while nodes_by_name(folder)[node.name].is_running and time.monotonic() < deadline:
        time.sleep(POLL_S)


async def described(servers: str, topic: str) -> dict[str, Any]:
    """A topic's first partition, as soon as a broker knows it: its leader, its replicas, and those in sync."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        async with asyncio.timeout(WAIT_MAX_S):
            while not (partitions := (await admin.describe_topics([topic]))[0]["partitions"]):
                pass  # each answer is a round trip
    finally:
        await admin.close()
    partition: dict[str, Any] = partitions[0]
    return partition


async def leader_of(folder: Path, servers: str, topic: str) -> Node:
    """The broker that leads the first partition of a topic: broker 1 is the node `kafka-1`."""
    return nodes_by_name(folder)[f"kafka-{(await described(servers, topic))['leader']}"]


def primary_of(folder: Path, client: MongoClient[dict[str, Any]]) -> Node:
    """The primary of the replica set that the client knows."""
    port = int(client.admin.command("hello")["primary"].partition(":")[2])
    [primary] = [node for node in devstack.nodes(folder) if node.port == port]
    return primary
