"""The state of each node, without starting or waiting.

In:       the state file.
Out:      a PartStatus for each node of the stack's shape.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from devstack import processes
from devstack.shape import NodeKind, PartName, kind_of, part_of
from devstack.state import PartRecord, StateFile


class PartStatus(BaseModel):
    """The state of one node."""

    model_config = ConfigDict(frozen=True)

    name: str
    part: PartName
    kind: NodeKind
    state: Literal["running", "starting", "stopped", "dead"]
    """`dead`: it was started, was not stopped, and no longer runs."""
    engine: str | None = None
    version: str | None = None
    pid: int | None = None
    port: int | None = None
    log: Path | None = None
    log_end: list[str] = []
    """The last lines of a dead node."""


def statuses(file: StateFile) -> list[PartStatus]:
    """The state of each node."""
    state = file.read()
    return [_status(name, state.parts.get(name)) for name in state.shape.nodes]


def _status(name: str, record: PartRecord | None) -> PartStatus:
    stopped = PartStatus(name=name, part=part_of(name), kind=kind_of(name), state="stopped")
    if record is None:
        return stopped
    running = record.is_running
    known = {
        "state": ("running" if record.ready else "starting") if running else "dead",
        "engine": record.engine,
        "version": record.version,
        "pid": record.pid,
        "port": record.port,
        "log": record.log,
        "log_end": [] if running else processes.log_end(record.log),
    }
    return stopped.model_copy(update=known)
