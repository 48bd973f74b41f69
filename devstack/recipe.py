"""What it takes to start a part: the one form in which Kafka, the database and S3 describe themselves.

In:       the stack's layout, the part's ports, where to report progress.
Out:      a Recipe: what to run, where, and how to tell that it answers.
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
    """The working directory: what the part leaves there stays in the stack's folder."""
    answers: Callable[[], Awaitable[bool]]
    """Whether it serves clients now; asked again and again until it does."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One of the three parts, before anything is known about this machine."""

    ports: tuple[str, ...]
    """What its ports are for; clients use the first."""
    prepare: Callable[[Layout, Mapping[str, int], Report], Awaitable[Recipe]]


async def listens(port: int) -> bool:
    """Say whether anything accepts connections on this port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
