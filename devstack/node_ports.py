"""The ports of all nodes of a part.

In:       the part, the nodes to start, and the state.
Out:      each node's ports, in the order of the shape.
Promise:  nodes of a cluster keep their ports: the other nodes have them in their data.
"""

from collections.abc import Collection, Sequence

from devstack.errors import StackError
from devstack.ports import choose
from devstack.shape import PartName
from devstack.state import State


def ports_of(
    part: PartName, port_names: Sequence[str], starting: Collection[str], state: State
) -> dict[str, dict[str, int]]:
    """The ports of each node: those in use of a running node, the previous or new ones of a node to start.

    Raises:
        StackError: another program has taken a port of a cluster's node.
    """
    nodes = state.shape.nodes_of(part)
    had = {(node, name): port for node in nodes for name, port in state.ports.get(node, {}).items()}
    wanted = [(node, name) for node in nodes if node in starting for name in port_names]
    chosen = choose(wanted, had)
    if len(nodes) > 1:
        _check_kept(had, chosen)
    return {node: {name: {**had, **chosen}[node, name] for name in port_names} for node in nodes}


def _check_kept(had: dict[tuple[str, str], int], chosen: dict[tuple[str, str], int]) -> None:
    for (node, name), port in chosen.items():
        previous = had.get((node, name), port)
        if previous != port:
            raise StackError(
                f"port {previous} of {node} is in use, and a cluster cannot change its ports; "
                "end the program that uses it, or delete the stack's data: codes dev down --wipe"
            )
