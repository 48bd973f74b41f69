"""One history's world: the loop, the network, the processes, and the seed's random numbers.

In:       a seed.
Out:      `World`; `run_world` runs a coroutine in it on virtual time.
Promise:  the same seed gives the same history, step by step. At the end no task is left, dead processes' included.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.simulation.kernel.clocks import CHANCE
from tests.simulation.kernel.loop import CountedTask, SimulatedLoop
from tests.simulation.kernel.network import Network
from tests.simulation.kernel.process import Process

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class World:
    """What servers, processes and faults of one history share."""

    seed: int
    loop: SimulatedLoop
    random: Random
    """Of everything but the code under simulation, which has `CHANCE`."""
    network: Network
    processes: list[Process] = field(default_factory=list)
    tasks: dict[Process, "asyncio.Task[None]"] = field(default_factory=dict)
    """The main task of each process."""
    on_killed: list[Callable[[Process], None]] = field(default_factory=list)
    """Called when a process is killed: servers see its connections close."""

    def spawn(self, name: str, work: Callable[[], Coroutine[Any, Any, None]], wall_offset_s: float = 0.0) -> Process:
        """Start a process whose main task is `work()`."""
        process = Process(name, wall_offset_s, bury=self._bury)
        self.processes.append(process)
        self.tasks[process] = process.context.run(
            lambda: self.loop.create_task(work(), name=name, context=process.context.copy())
        )
        return process

    def kill(self, process: Process) -> None:
        """SIGKILL, now."""
        process.kill()
        for tell in self.on_killed:
            tell(process)

    def _bury(self, process: Process) -> None:
        process.buried += [task for task in asyncio.all_tasks(self.loop) if owner(task) is process]

    def thaw(self, process: Process) -> None:
        """SIGCONT."""
        if process.state == "frozen":
            self.loop.resume(process)

    def is_running(self, process: Process) -> bool:
        """Whether its main task has not ended, by itself or by SIGKILL."""
        return process.state != "dead" and not self.tasks[process].done()


def run_world(seed: int, work: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in a new world, to its end."""
    loop = SimulatedLoop()
    random = Random(seed)
    CHANCE.seed(random.getrandbits(64))
    world = World(seed, loop, random, Network(Random(random.getrandbits(64))))
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work(world))
    finally:
        forget(loop)
        asyncio.set_event_loop(None)
        loop.close()


def owner(task: "asyncio.Task[Any]") -> Process | None:
    """Whose task it is."""
    assert isinstance(task, CountedTask)
    return task.process


def living_tasks(world: World) -> list["asyncio.Task[Any]"]:
    """Tasks of processes that were not killed, and whose main task has ended: what a real process would leak."""
    ended = {process for process in world.processes if process.state != "dead" and world.tasks[process].done()}
    return [task for task in asyncio.all_tasks(world.loop) if owner(task) in ended]


def forget(loop: asyncio.AbstractEventLoop) -> None:
    """Close what is left, so that nothing of it runs in a later history."""
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be left
        with suppress(BaseException):
            task.get_coro().close()
