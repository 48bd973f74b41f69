"""The database: one node of any engine, or a cluster of mongods.

In:       the layout, and a port for each node.
Out:      a Recipe for each node.
"""

import asyncio
from functools import partial

from devstack.addresses import REPLICA_SET
from devstack.cache import cache_mib
from devstack.database_cluster import prepare_cluster
from devstack.engines import Found, find_engine, version_of
from devstack.folder import Layout, Report
from devstack.ports import HOST
from devstack.recipe import Kind, NodePorts, Prepared, Recipe
from devstack.replica_set import member_answers, member_command, node_answers


async def prepare(layout: Layout, ports: NodePorts, report: Report) -> Prepared:
    """Find the engine and make the folders."""
    return await asyncio.to_thread(prepare_cluster if len(ports) > 1 else _prepare_one, layout, ports, report)


KIND = Kind(ports=("server",), prepare=prepare)


def command(found: Found, port: int) -> tuple[str, ...]:
    """The command line of an engine that has one node."""
    if found.engine == "mongod":
        return member_command(found.program, port, replica_set=REPLICA_SET, cache_mib=cache_mib(nodes=1))
    own = ("--config", "secantusd.toml")  # an empty file, or it reads the user's
    address = ("--host", HOST, "--port", str(port))
    return (found.program, *own, *address, "--storage-path", "db", "--cache-size", f"{cache_mib(nodes=1)}M")


def _prepare_one(layout: Layout, ports: NodePorts, report: Report) -> Prepared:
    found = find_engine()
    [(node, own)] = ports.items()
    folder, port = layout.data(found.engine), own["server"]
    (folder / "secantusd.toml").touch()
    (folder / "db").mkdir(exist_ok=True)
    report(f"database: {found.program}")
    as_set = partial(member_answers, port, REPLICA_SET, [port])
    recipe = Recipe(
        engine=found.engine,
        version=version_of(found.program),
        command=command(found, port),
        folder=folder,
        answers=as_set if found.engine == "mongod" else partial(node_answers, port),
    )
    return Prepared(folder, {node: recipe})
