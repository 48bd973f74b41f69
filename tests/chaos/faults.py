"""Carries the faults of a schedule out.

In:       a schedule, and what carries out each kind.
Out:      every fault done, noted in the journal as it was done.
Promise:  when `finish` returns, nothing is frozen, and everything was started again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

from tests.chaos.journal import Journal
from tests.chaos.schedule import Fault
from tests.fakes.proxy import Proxy

Carry = Callable[[Fault], Awaitable[None]]


class Faults:
    """Lives as long as a storm."""

    def __init__(self, carriers: Mapping[str, Carry], journal: Journal) -> None:
        self._carriers, self._journal = carriers, journal
        self._at_work: set[asyncio.Task[None]] = set()
        self.done = 0
        self.last_s = 0.0
        """When the last fault ended."""

    async def run(self, schedule: Iterator[Fault], goes_on: Callable[[], bool]) -> None:
        """Begin each fault at its time, as long as the storm goes on."""
        began_s = self._journal.seconds
        for fault in schedule:
            await asyncio.sleep(max(0.0, began_s + fault.at_s - self._journal.seconds))
            if not goes_on():
                return
            self._at_work.add(asyncio.create_task(self._carry(fault)))
            self.done += 1
            for task in [task for task in self._at_work if task.done()]:
                self._at_work.discard(task)
                task.result()

    async def finish(self) -> None:
        """Wait for the faults that are still at work."""
        await asyncio.gather(*self._at_work)

    async def _carry(self, fault: Fault) -> None:
        self._journal.note("fault", number=fault.number, kind=fault.kind, lasts_s=fault.lasts_s)
        await self._carriers[fault.kind](fault)
        self.last_s = self._journal.seconds
        self._journal.note("fault ended", number=fault.number, kind=fault.kind)


def s3_carriers(s3: Proxy) -> dict[str, Carry]:
    """Faults of S3, as all roles see it."""
    outage = asyncio.Lock()

    async def silent(fault: Fault) -> None:
        async with outage, s3.unavailable("silent"):
            await asyncio.sleep(fault.lasts_s)

    async def refused(fault: Fault) -> None:
        async with outage, s3.unavailable("refused"):
            await asyncio.sleep(fault.lasts_s)

    return {"s3_silent": silent, "s3_refuses": refused}
