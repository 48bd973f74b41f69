"""A replica set: how to start a member, initiate the set, and know that a member takes part.

In:       a mongod's program; the ports of the set's members.
Out:      a command line; whether a member answers.
Promise:  a set is initiated once, by its first member, when all members listen.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from devstack.addresses import direct_uri
from devstack.ports import HOST
from devstack.recipe import listens

ANSWER_LIMIT_MS = 2_000
ALREADY_INITIALIZED = 23

QUICK = {"electionTimeoutMillis": 4_000, "heartbeatIntervalMillis": 1_000}
"""A set of several members has a new primary 5 s after it lost one; MongoDB's default is 10 s and more."""

NO_DIAGNOSTICS = "diagnosticDataCollectionEnabled=false"
"""Collecting them costs CPU every second; nobody reads them here."""

Client = MongoClient[dict[str, Any]]
Admin = Database[dict[str, Any]]


def member_command(program: str, port: int, *, replica_set: str, cache_mib: int, role: str = "") -> tuple[str, ...]:
    """A member's command line. `role` is `--configsvr` or `--shardsvr` in a sharded cluster."""
    return (
        program,
        *("--bind_ip", HOST),
        *("--port", str(port)),
        "--nounixsocket",  # its file would be outside of the stack's folder
        *("--dbpath", "db"),
        *("--replSet", replica_set),
        *("--setParameter", NO_DIAGNOSTICS),
        *("--wiredTigerCacheSizeGB", f"{cache_mib / 1024:.2f}"),
        *((role,) if role else ()),
    )


async def member_answers(port: int, replica_set: str, ports: Sequence[int]) -> bool:
    """Whether a member is primary or secondary of a set that has a primary; initiates a new set."""
    if not await listens(port):
        return False
    is_whole = port == ports[0] and all([await listens(other) for other in ports])
    return await asyncio.to_thread(_takes_part, port, config_of(replica_set, ports) if is_whole else None)


async def node_answers(port: int) -> bool:
    """Whether a node that needs no set accepts writes."""
    return await listens(port) and await asyncio.to_thread(_takes_part, port, None)


def config_of(replica_set: str, ports: Sequence[int]) -> dict[str, Any]:
    """The configuration of a new set."""
    members = [{"_id": number, "host": f"{HOST}:{port}"} for number, port in enumerate(ports)]
    config: dict[str, Any] = {"_id": replica_set, "members": members}
    return {**config, "settings": QUICK} if len(ports) > 1 else config


def client_of(port: int) -> Client:
    """A client of one member that gives up soon."""
    return MongoClient(direct_uri(port), serverSelectionTimeoutMS=ANSWER_LIMIT_MS, socketTimeoutMS=ANSWER_LIMIT_MS)


def initiate(admin: Admin, config: dict[str, Any]) -> None:
    """Initiate a set; a set of one member that was initiated on another port gets its new address."""
    try:
        admin.command("replSetInitiate", config)
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
        if len(config["members"]) == 1:
            _move(admin, config["members"])


def _move(admin: Admin, members: list[dict[str, Any]]) -> None:
    config = admin.command("replSetGetConfig")["config"]
    moved = {**config, "version": config["version"] + 1, "members": members}
    admin.command("replSetReconfig", moved, force=True)


def _takes_part(port: int, config: dict[str, Any] | None) -> bool:
    with client_of(port) as client:
        try:
            hello = client.admin.command("hello")
            if config and "setName" not in hello:
                initiate(client.admin, config)
        except PyMongoError:
            return False
    return bool(hello.get("isWritablePrimary") or (hello.get("secondary") and "primary" in hello))
