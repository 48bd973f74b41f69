"""The router of a sharded cluster, and how the cluster gets its shards.

In:       the router's port; the ports of the members of each replica set.
Out:      the router's command line; whether it knows all shards.
Promise:  shards that the cluster does not have yet are added.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from pymongo.errors import PyMongoError

from devstack.addresses import hosts
from devstack.ports import HOST
from devstack.recipe import listens
from devstack.replica_set import Client, client_of

CONFIG: Final = "config"
"""The config server's replica set."""

Sets = Mapping[str, Sequence[int]]
"""The ports of the members of each replica set, by the set's name."""


def router_command(program: str, port: int, sets: Sets) -> tuple[str, ...]:
    """The router's command line. It has no data."""
    config = f"{CONFIG}/{hosts(sets[CONFIG])}"
    return (program, "--bind_ip", HOST, "--port", str(port), "--nounixsocket", "--configdb", config)


async def router_answers(port: int, sets: Sets) -> bool:
    """Whether the router serves clients and knows all shards."""
    return await listens(port) and await asyncio.to_thread(_knows_the_shards, port, sets)


def _knows_the_shards(port: int, sets: Sets) -> bool:
    with client_of(port) as client:
        try:
            missing = set(sets) - {CONFIG} - _known(client)
            for name in sorted(missing):
                client.admin.command("addShard", f"{name}/{hosts(sets[name])}")
        except PyMongoError:
            return False
    return not missing


def _known(client: Client) -> set[str]:
    return {shard["_id"] for shard in client.admin.command("listShards")["shards"]}
