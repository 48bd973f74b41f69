"""Carries the faults of a schedule out.

In:       a schedule, the crew, the parts, the proxy of S3.
Out:      every fault done, noted in the journal as it was done.
Promise:  when `finish` returns, nothing is frozen, and everything was started again.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from random import Random
from typing import Final

from tests.chaos.crew import Crew, Member
from tests.chaos.journal import Journal
from tests.chaos.parts import Parts
from tests.chaos.schedule import Fault
from tests.fakes.proxy import Proxy

POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "worker": ("before_apply", "after_apply", "after_emit"),
    "importer": ("before_chunk", "after_chunk", "before_report", "before_import_end"),
    "inventory": ("after_alert",),
}
"""Where a process may kill itself, by role."""
TIMES_MAX: Final = 12
"""A point is reached up to so often before the process dies there."""
WORKERS_MIN, WORKERS_MAX = 1, 5
Carry = Callable[[Fault], Awaitable[None]]


class Faults:
    """Lives as long as a storm."""

    def __init__(self, crew: Crew, parts: Parts, s3: Proxy, journal: Journal, seed: int) -> None:
        self._crew, self._parts, self._s3, self._journal = crew, parts, s3, journal
        self._chance = Random(seed)
        self._outage = asyncio.Lock()
        self._s3_outage = asyncio.Lock()
        self._at_work: set[asyncio.Task[None]] = set()
        self.done = 0
        self.last_s = 0.0
        """When the last fault ended."""
        self.carriers: dict[str, Carry] = {
            "kill": self._kill,
            "kill_two": self._kill_two,
            "crash_at_point": self._crash_at_point,
            "freeze": self._freeze,
            "freeze_briefly": self._freeze,
            "stop": self._stop,
            "add_worker": self._add_worker,
            "remove_worker": self._remove_worker,
            "s3_silent": lambda fault: self._s3_fails(fault, is_silent=True),
            "s3_refuses": lambda fault: self._s3_fails(fault, is_silent=False),
            "freeze_broker": lambda fault: self._exclusive(fault, self._parts.freeze("kafka", fault.lasts_s)),
            "kill_broker": lambda fault: self._exclusive(fault, self._parts.kill("kafka", fault.lasts_s)),
            "freeze_database": lambda fault: self._exclusive(fault, self._parts.freeze("database", fault.lasts_s)),
            "kill_database": lambda fault: self._exclusive(fault, self._parts.kill("database", fault.lasts_s)),
        }

    async def run(self, schedule: Iterator[Fault], goes_on: Callable[[], bool]) -> None:
        """Begin each fault at its time, as long as the storm goes on."""
        began_s = self._journal.seconds
        for fault in schedule:
            await asyncio.sleep(max(0.0, began_s + fault.at_s - self._journal.seconds))
            if not goes_on():
                return
            task = asyncio.create_task(self._carry(fault))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
            self.done += 1
            for ended in [task for task in self._at_work if task.done()]:
                ended.result()

    async def finish(self) -> None:
        """Wait for the faults that are still at work."""
        await asyncio.gather(*self._at_work)

    async def _carry(self, fault: Fault) -> None:
        self._journal.note("fault", number=fault.number, kind=fault.kind, lasts_s=fault.lasts_s)
        await self.carriers[fault.kind](fault)
        self.last_s = self._journal.seconds
        self._journal.note("fault ended", number=fault.number, kind=fault.kind)

    def _chosen(self, fault: Fault, *kinds: str) -> Member | None:
        free = self._crew.free(*kinds)
        member = free[fault.target % len(free)] if free else None
        self._journal.note("target", number=fault.number, name=member.name if member else None)
        return member

    async def _kill(self, fault: Fault, *kinds: str) -> None:
        member = self._chosen(fault, *kinds)
        if member is None:
            return
        self._crew.kill(member, fault.lasts_s)

    async def _kill_two(self, fault: Fault) -> None:
        for _ in range(2):
            await self._kill(fault, "worker")

    async def _crash_at_point(self, fault: Fault) -> None:
        """Kill a process; the next one in its place kills itself at an exact point."""
        member = self._chosen(fault, *POINTS)
        if member is None:
            return
        point = self._chance.choice(POINTS[member.kind])
        times = self._chance.randint(1, TIMES_MAX)
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

    async def _stop(self, fault: Fault) -> None:
        member = self._chosen(fault)
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
        if len(self._crew.free("worker")) <= WORKERS_MIN:
            await self._kill(fault, "inventory")
            return
        member = self._chosen(fault, "worker")
        if member is not None:
            member.is_busy, member.down_s = True, fault.lasts_s
            await self._crew.stop(member)
            member.is_busy = False

    async def _s3_fails(self, fault: Fault, *, is_silent: bool) -> None:
        async with self._s3_outage, self._s3.unavailable("silent" if is_silent else "refused"):
            await asyncio.sleep(fault.lasts_s)

    async def _exclusive(self, fault: Fault, outage: Awaitable[None]) -> None:
        """One outage of a part at a time; the schedule leaves room, a slow restart may not."""
        async with self._outage:
            await outage
