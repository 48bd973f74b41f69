"""The records of a stack that runs, without starting any.

Out: `record_all`, `record_cluster`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devstack.processes import birth
from devstack.shape import PARTS, Shape
from devstack.state import PartRecord, StateFile


def record_all(folder: Path, nodes: Sequence[str] = PARTS, **changes: object) -> None:
    """Write down a stack whose nodes are all this very process: it runs."""
    born_at = birth(os.getpid())
    for index, name in enumerate(nodes):
        fields: dict[str, Any] = {
            "name": name,
            "engine": "secantusd-rs",
            "version": "1",
            "pid": os.getpid(),
            "born_at": born_at,
            "ports": {"server": 20_001 + index},
            "log": folder / "part.log",
            "command": ("part",),
            "ready": True,
        }
        StateFile(folder / "state.json").put(PartRecord(**(fields | changes)))


def record_cluster(folder: Path, shape: Shape, **changes: object) -> None:
    """The same, of all nodes of a shape."""
    StateFile(folder / "state.json").reshape(shape)
    record_all(folder, shape.nodes, engine="mongod", **changes)
