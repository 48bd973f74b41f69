"""Lets a plan's faults happen at their instants.

In:       faults as data; what they reach.
Out:      `Injection.run`, which ends when the last fault is over.
Promise:  every fault ends by itself, or is undone after its seconds.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.simulation import kafka_faults, mongo_faults, process_faults, s3_faults
from tests.simulation.faults import Fault
from tests.simulation.reach import Kinds, Reach

FAULTS: Final[Kinds] = process_faults.KINDS | kafka_faults.KINDS | mongo_faults.KINDS | s3_faults.KINDS
"""By kind."""


@dataclass(eq=False, slots=True)
class Injection:
    """Lives as long as its history."""

    reach: Reach
    is_over: bool = False
    last_fault_s: float = 0.0
    """When the last fault ended."""

    async def run(self, faults: Sequence[Fault]) -> None:
        """All faults."""
        self.reach.world.network.disturb = self.reach.disturb
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                tasks.create_task(self._one(fault))
        self.is_over = True

    async def _one(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        undo = FAULTS[fault.kind](self.reach, fault)
        await asyncio.sleep(fault.seconds)
        if undo is not None:
            undo()
        self.last_fault_s = max(self.last_fault_s, self.reach.world.loop.time())
