"""Where the works are measured: a running stack, with the processes of its parts, and the sizes of the works.

In:   a stack; options of the command line.
Out:  `Stage`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from devstack import Stack
from devstack.shape import PartName


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    requests: int = 15_000
    """Of one run of a fast system."""
    partitions: tuple[int, ...] = (1, 4, 8)
    codes: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    campaigns: tuple[int, ...] = (1, 200)
    last_percent_codes: int = 200_000
    """The stock whose last hundredth is sold."""
    rows: int = 200_000
    """Of an import."""
    flat_rows: int = 1_000_000
    latency_s: float = 5.0
    """Length of each measurement of latency."""
    workers: tuple[int, ...] = (1, 2, 3)
    shards: tuple[int, ...] = (0, 2, 4)
    """Of the databases that are compared; 0 is a single node."""
    conflict_partitions: tuple[int, ...] = (1, 4, 16, 64)
    memory_requests: int = 1_000_000
    growth_codes: tuple[int, ...] = (100_000, 1_000_000, 10_000_000)


MEASURED: Final[tuple[PartName, ...]] = ("database", "kafka")
"""The parts whose CPU time is measured."""
QUICK: Final = Size(requests=2_000, partitions=(4,), latency_s=1.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stack, and what to measure on it."""

    environment: Mapping[str, str]
    database: str
    """The engine."""
    size: Size
    pids: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """The processes of each part."""

    def on(self, uri: str, pids: Sequence[int]) -> "Stage":
        """The same with another database."""
        environment = {**self.environment, "CODES_MONGO__URI": uri}
        return replace(self, environment=environment, pids={**self.pids, "database": pids})


def stage_of(stack: Stack, size: Size) -> Stage:
    """The stage of a running stack."""
    parts: dict[str, list[int]] = {part: [node.pid for node in stack.nodes_of(part)] for part in MEASURED}
    return Stage(stack.environment(), stack.database, size, {**parts, "client": [os.getpid()]})
