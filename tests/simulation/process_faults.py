"""Faults of the roles' processes: kills, freezes, stops, restarts and clocks."""

from collections.abc import Callable
from typing import Final

from tests.simulation.faults import Fault
from tests.simulation.reach import Kinds, Reach, named
from tests.simulation.settings import SESSION_MS

STEPS_MAX: Final = 4_000
"""The latest step at which a process is killed."""


def kill(reach: Reach, fault: Fault) -> None:
    """SIGKILL."""
    reach.world.kill(reach.member(fault).process)


def kill_at_step(reach: Reach, fault: Fault) -> None:
    """SIGKILL at any await."""
    reach.member(fault).process.steps_to_live = fault.number % STEPS_MAX


def freeze(reach: Reach, fault: Fault) -> Callable[[], None]:
    """SIGSTOP, and SIGCONT."""
    process = reach.member(fault).process
    process.freeze()
    return lambda: reach.world.thaw(process)


def freeze_long(reach: Reach, fault: Fault) -> None:
    """SIGSTOP for longer than the session."""
    process = reach.member(fault).process
    process.freeze()
    reach.world.loop.call_later(SESSION_MS / 1000 + fault.seconds, reach.world.thaw, process)


def terminate(reach: Reach, fault: Fault) -> None:
    """SIGTERM; the process is started again when it has ended."""
    reach.member(fault).stopping.set()


def start_one_more(reach: Reach, fault: Fault) -> None:
    """One more process of a role."""
    reach.fleet.start_one(("worker", "importer", "expirer")[fault.target % 3])


def step_clock(reach: Reach, fault: Fault) -> None:
    """A process's wall clock is set, within the margin that the expirer allows for."""
    member = reach.member(fault)
    limit_s = 0.1 if member.role == "expirer" else 30.0
    member.process.wall_offset_s = member.offset_s = (fault.number / 50_000 - 1) * limit_s


KINDS: Final[Kinds] = named(
    kill,
    kill_at_step,
    freeze,
    freeze_long,
    terminate,
    start_one_more,
    step_clock,
)
