"""Single nodes of a stack, for programs that freeze, kill and restart them.

In:       the stack's folder; a node's name.
Out:      each node with its process; a node that runs again.
Promise:  the state file has the pid of the restarted node, so that `down` finds it.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

from devstack.errors import StackError
from devstack.folder import Layout, Report, layout_of, locked
from devstack.shape import NodeKind, part_of
from devstack.state import PartRecord, StateFile


class Node(NamedTuple):
    """One node that was started."""

    name: str
    kind: NodeKind
    pid: int
    port: int
    """The port that clients use."""
    log: Path
    is_running: bool
    """Whether its process exists, frozen or not."""


def nodes(folder: Path | None = None) -> list[Node]:
    """The nodes that were started and not stopped, also those that died; in the order of the stack's shape."""
    state = StateFile(layout_of(folder).state).read()
    return [_node(state.parts[name]) for name in state.shape.nodes if name in state.parts]


def start_node(name: str, folder: Path | None = None, *, report: Report = lambda _: None, wait: bool = True) -> Node:
    """Start a node that died, on its old port and with its data.

    Runs an event loop of its own: from async code, call it with `asyncio.to_thread`.

    Args:
        name: of the node, as `nodes` has it.
        folder: the stack's folder.
        report: gets progress.
        wait: return when the node answers. Otherwise return when its process exists; its state is then `starting`.

    Raises:
        StackError: there is no such node, it runs already, it died, or it did not answer.
    """
    return asyncio.run(_start(name, layout_of(folder), report, wait=wait))


async def _start(name: str, layout: Layout, report: Report, *, wait: bool) -> Node:
    from devstack.starting import launch, until_ready  # noqa: PLC0415 - its clients load slowly

    file = StateFile(layout.state)
    with locked(layout, report):
        _check_dead(name, file)
        prepared, [record] = await launch(part_of(name), [name], layout, file, report)
    if not wait:
        return _node(record)
    await until_ready(prepared.recipes[name], record)  # without the lock: other nodes may be started meanwhile
    with locked(layout, report):
        current = file.read().parts.get(name)
        if current == record:
            file.put(record.model_copy(update={"ready": True}))
    return _node(record)


def _check_dead(name: str, file: StateFile) -> None:
    started = file.read().parts
    if name not in started:
        raise StackError(f"the stack has started no node {name!r}; it has started {', '.join(started) or 'none'}")
    if started[name].is_running:
        raise StackError(f"{name} runs already")


def _node(record: PartRecord) -> Node:
    return Node(record.name, record.kind, record.pid, record.port, record.log, record.is_running)
