"""Which node has a duty at the moment: a partition's leader, a group's coordinator, a replica set's primary.

In:       addresses.
Out:      a node's number or name; None if nobody has it, or nobody says.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from devstack import Node
from devstack.addresses import direct_uri

ANSWER_MS: Final = 2_000
STEPS_DOWN_S: Final = 10


async def leader_of(servers: str, topic: str, partition: int) -> int | None:
    """The port of the broker that leads a partition."""

    async def asked(admin: AIOKafkaAdminClient) -> int | None:
        [found] = await admin.describe_topics([topic])
        leaders = {each["partition"]: each["leader"] for each in found["partitions"]}
        return await port_of(admin, leaders.get(partition, -1))

    return await answered(servers, asked)


async def coordinator_of(servers: str, group: str) -> int | None:
    """The port of the broker that coordinates a group."""

    async def asked(admin: AIOKafkaAdminClient) -> int | None:
        return await port_of(admin, await admin.find_coordinator(group))

    return await answered(servers, asked)


async def port_of(admin: AIOKafkaAdminClient, node_id: int) -> int | None:
    """Where a broker listens."""
    brokers = (await admin.describe_cluster())["brokers"]
    return next((broker["port"] for broker in brokers if broker["node_id"] == node_id), None)


async def answered(servers: str, ask: Any) -> int | None:
    """An answer of the cluster; None while it has none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=ANSWER_MS)
    try:
        await admin.start()
        found: int | None = await ask(admin)
    except (KafkaError, AssertionError, TimeoutError):
        return None
    finally:
        await admin.close()
    return found


async def primary_of(members: Sequence[Node]) -> Node | None:
    """The member of a replica set that is primary."""
    answers = await asyncio.gather(*(asyncio.to_thread(is_primary, member) for member in members))
    return next((member for member, answer in zip(members, answers, strict=True) if answer), None)


def is_primary(member: Node) -> bool:
    try:
        with client_of(member) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def step_down(primary: Node) -> None:
    """Let another member be elected; a primary whose secondaries are behind refuses, and stays."""
    try:
        with client_of(primary) as client:
            client.admin.command("replSetStepDown", STEPS_DOWN_S, secondaryCatchUpPeriodSecs=STEPS_DOWN_S // 2)
    except PyMongoError:
        return


def client_of(member: Node) -> "MongoClient[dict[str, Any]]":
    timeout_ms = ANSWER_MS
    return MongoClient(direct_uri(member.port), serverSelectionTimeoutMS=timeout_ms, connectTimeoutMS=timeout_ms)
