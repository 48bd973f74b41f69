"""Addresses of nodes, for clients.

In:       ports of nodes on this machine.
Out:      what Kafka's clients and MongoDB's drivers take.
"""

from collections.abc import Iterable, Mapping

from devstack.ports import HOST

REPLICA_SET = "codes"
"""The name of a set outside of a sharded cluster."""


def hosts(ports: Iterable[int]) -> str:
    """Addresses in a list, as Kafka and MongoDB write them."""
    return ",".join(f"{HOST}:{port}" for port in ports)


def database_uri(ports: Mapping[str, int]) -> str:
    """The address of the database, by the ports of its nodes: the router, the replica set, or the one node."""
    if "router" in ports:
        return f"mongodb://{hosts([ports['router']])}/"
    [first, *others] = ports.values()
    return f"mongodb://{hosts([first, *others])}/?replicaSet={REPLICA_SET}" if others else direct_uri(first)


def direct_uri(port: int) -> str:
    """The address of one node. Direct, because the one node may have another name in its replica set."""
    return f"mongodb://{HOST}:{port}/?directConnection=true"
