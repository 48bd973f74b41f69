"""Faults of the service's processes.

In:       a fault of the schedule, the crew.
Out:      the fault done.
"""

import asyncio
import signal
from collections.abc import Mapping
from random import Random
from typing import Final

from tests.chaos.crew import Crew, Member
from tests.chaos.faults import Carry
from tests.chaos.journal import Journal
from tests.chaos.schedule import Fault

POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "worker": ("before_apply", "after_apply", "after_emit"),
    "importer": ("before_chunk", "after_chunk", "before_report", "before_import_end"),
    "inventory": ("after_alert",),
}
"""Where a process may kill itself, by role."""
TIMES_MAX: Final = 12
"""A point is reached up to so often before the process dies there."""
WORKERS_MIN, WORKERS_MAX = 1, 5


class RoleFaults:
    """Lives as long as a storm."""

    def __init__(self, crew: Crew, journal: Journal, seed: int) -> None:
        self._crew, self._journal, self._chance = crew, journal, Random(seed)

    def carriers(self) -> dict[str, Carry]:
        """By kind."""
        return {
            "kill": self._kill,
            "kill_two_workers": self._kill_two_workers,
            "crash_at_point": self._crash_at_point,
            "freeze": self._freeze,
            "freeze_briefly": self._freeze,
            "stop": self._stop,
            "add_worker": self._add_worker,
            "remove_worker": self._remove_worker,
        }

    def _chosen(self, fault: Fault, *kinds: str) -> Member | None:
        free = self._crew.free(*kinds)
        member = free[fault.target % len(free)] if free else None
        self._journal.note("target", number=fault.number, name=member.name if member else None)
        return member

    async def _kill(self, fault: Fault, *kinds: str) -> None:
        member = self._chosen(fault, *kinds)
        if member is not None:
            self._crew.kill(member, fault.lasts_s)

    async def _kill_two_workers(self, fault: Fault) -> None:
        for _ in range(2):
            await self._kill(fault, "worker")

    async def _crash_at_point(self, fault: Fault) -> None:
        """Kill a process; the next one in its place kills itself at an exact point."""
        member = self._chosen(fault, *POINTS)
        if member is None:
            return
        point, times = self._chance.choice(POINTS[member.kind]), self._chance.randint(1, TIMES_MAX)
        member.more = {"CODES_FAILPOINT": f"{point}:kill:{times}"}
        self._crew.kill(member, fault.lasts_s)

    async def _freeze(self, fault: Fault) -> None:
        member = self._chosen(fault)
        if member is None:
            return
        member.is_busy = True
        member.signal(signal.SIGSTOP)
        await asyncio.sleep(fault.lasts_s)
        member.signal(signal.SIGCONT)
        member.is_busy = False

    async def _stop(self, fault: Fault, *kinds: str) -> None:
        member = self._chosen(fault, *kinds)
        if member is None:
            return
        member.is_busy, member.down_s = True, fault.lasts_s
        await self._crew.stop(member)
        member.is_busy = False

    async def _add_worker(self, fault: Fault) -> None:
        """One worker more for a while."""
        if len(self._crew.free("worker")) >= WORKERS_MAX:
            await self._kill(fault, "worker")
            return
        member = self._crew.add("worker")
        member.is_busy = True  # it is not there long enough for other faults
        await asyncio.sleep(fault.lasts_s)
        if member.is_running:
            await self._crew.stop(member, leave=True)
        member.is_leaving = True

    async def _remove_worker(self, fault: Fault) -> None:
        """One worker fewer for a while."""
        if len(self._crew.free("worker")) > WORKERS_MIN:
            await self._stop(fault, "worker")
        else:
            await self._kill(fault, "inventory")
