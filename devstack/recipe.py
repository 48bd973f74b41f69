"""The common description of a part: how to start the nodes of Kafka, of the database and of S3.

In:       the stack's layout, the ports of all nodes of the part, where to report progress.
Out:      a Recipe for each node: the command, its folder, and the check that it answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstack.folder import Layout, Report
from devstack.ports import HOST


@dataclass(frozen=True)
class Recipe:
    """How to run one node."""

    engine: str
    version: str
    command: tuple[str, ...]
    folder: Path
    """The working directory, inside the stack's folder."""
    answers: Callable[[], Awaitable[bool]]
    """Whether it serves clients; polled until it does."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """All nodes of a part, ready to be started."""

    data: Path
    """The folder of their data (`Layout.data`)."""
    recipes: Mapping[str, Recipe]
    """By the name of the node."""


NodePorts = Mapping[str, Mapping[str, int]]
"""The ports of each node of a part, by the node's name; in the order of the shape."""


@dataclass(frozen=True)
class Kind:
    """A part, independent of this machine."""

    ports: tuple[str, ...]
    """Names of the ports of each of its nodes; clients use the first."""
    prepare: Callable[[Layout, NodePorts, Report], Awaitable[Prepared]]


async def listens(port: int) -> bool:
    """Whether a process accepts connections on this port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
