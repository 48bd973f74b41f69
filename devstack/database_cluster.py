"""A database of several nodes: a replica set, or a sharded cluster of replica sets with a router.

In:       the layout, and a port for each node.
Out:      a Recipe for each node. Only MongoDB's own programs can do this.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from devstack.addresses import REPLICA_SET
from devstack.cache import cache_mib
from devstack.engines import ROUTER, find_mongod, find_router, version_of
from devstack.folder import Layout, Report
from devstack.recipe import NodePorts, Prepared, Recipe
from devstack.replica_set import member_answers, member_command
from devstack.shape import NodeKind, kind_of
from devstack.sharding import CONFIG, Sets, router_answers, router_command

ROLES: Final[dict[NodeKind, str]] = {"config": "--configsvr", "shard": "--shardsvr", "database": ""}

MakeRecipe = Callable[[str, int, Path], Recipe]
"""From a node's name, port and folder."""


def prepare_cluster(layout: Layout, ports: NodePorts, report: Report) -> Prepared:
    """Find the programs and make the folders.

    Raises:
        PartMissingError: `mongod` or `mongos` is not on the PATH, or another engine is forced.
    """
    sets = sets_of(ports)
    member = _member_maker(sets, cache_mib(nodes=len(ports)))
    router = _router_maker(sets) if CONFIG in sets else member
    data = layout.data(data_name(sets))
    recipes = {}
    for node, own in ports.items():
        make = router if kind_of(node) == "router" else member
        recipes[node] = make(node, own["server"], data / node)
        (data / node / "db").mkdir(parents=True, exist_ok=True)
    report(f"database: {recipes[next(iter(ports))].command[0]}")
    return Prepared(data, recipes)


def sets_of(ports: NodePorts) -> Sets:
    """The replica sets: one, or the config server and the shards."""
    found: dict[str, list[int]] = {}
    for node, own in ports.items():
        if kind_of(node) != "router":
            found.setdefault(set_of(node), []).append(own["server"])
    return found


def set_of(node: str) -> str:
    """The replica set of a member: `shard-1-2` is the second member of `shard-1`."""
    return REPLICA_SET if kind_of(node) == "database" else "-".join(node.split("-")[:2])


def data_name(sets: Sets) -> str:
    """Each size has data of its own: a replica set knows its members, and a cluster its shards."""
    shards = [name for name in sets if name not in {CONFIG, REPLICA_SET}]
    nodes = f"nodes-{len(sets[shards[0] if shards else REPLICA_SET])}"
    return f"mongod-shards-{len(shards)}-{nodes}" if shards else f"mongod-{nodes}"


def _member_maker(sets: Sets, cache: int) -> MakeRecipe:
    mongod = find_mongod()
    version = version_of(mongod)

    def recipe(node: str, port: int, folder: Path) -> Recipe:
        name = set_of(node)
        command = member_command(mongod, port, replica_set=name, cache_mib=cache, role=ROLES[kind_of(node)])
        return Recipe("mongod", version, command, folder, partial(member_answers, port, name, sets[name]))

    return recipe


def _router_maker(sets: Sets) -> MakeRecipe:
    mongos = find_router()
    version = version_of(mongos)

    def recipe(_node: str, port: int, folder: Path) -> Recipe:
        command = router_command(mongos, port, sets)
        return Recipe(ROUTER, version, command, folder, partial(router_answers, port, sets))

    return recipe
