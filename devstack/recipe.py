"""The common description of a part: how to start Kafka, the database and S3.

In:       the stack's layout, the part's ports, where to report progress.
Out:      a Recipe: the command, its folder, and the check that it answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstack.folder import Layout, Report
from devstack.ports import HOST


@dataclass(frozen=True)
class Recipe:
    """How to run one part."""

    engine: str
    version: str
    command: tuple[str, ...]
    folder: Path
    """The working directory, inside the stack's folder."""
    answers: Callable[[], Awaitable[bool]]
    """Whether it serves clients; polled until it does."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A part, independent of this machine."""

    ports: tuple[str, ...]
    """Names of its ports; clients use the first."""
    prepare: Callable[[Layout, Mapping[str, int], Report], Awaitable[Recipe]]


async def listens(port: int) -> bool:
    """Whether a process accepts connections on this port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
