"""The fleet: what has ended is started again, but not once all are being stopped."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from ops.settings.load import Settings
from tests.simulation.fleet import Fleet, Member
from tests.simulation.kernel.process import Process
from tests.simulation.kernel.world import World, run_world


@dataclass(eq=False, slots=True)
class CountingFleet(Fleet):
    """It counts what it starts, and starts nothing."""

    started: list[str] = field(default_factory=list)

    def _spawn(self, role: str, number: int, offset_s: float) -> tuple[Process, asyncio.Event]:
        self.started.append(f"{role}-{number}")
        return Process(f"{role}-{number}", offset_s, state="dead"), asyncio.Event()


async def started_after(world: World, stopped_at_s: float) -> list[str]:
    """What is started if all are stopped at this instant; a process that was killed may start again at 1.1 s."""
    fleet = CountingFleet(world, cast("Settings", None))
    fleet.members.append(Member("worker", 0, 0.0, Process("worker-0", state="dead"), asyncio.Event(), 1.1))
    looking = asyncio.create_task(fleet.look_after())
    await asyncio.sleep(stopped_at_s)
    await fleet.stop_all(1.0)
    await looking
    return fleet.started


def test_nothing_is_started_once_all_are_stopped() -> None:
    """Nobody would stop it."""
    assert ["worker-0"] == run_world(1, lambda world: started_after(world, 1.4))
    assert [] == run_world(1, lambda world: started_after(world, 1.05))
