"""The roles as simulated processes, and what restarts them.

In:       the settings; kills, freezes and terminations.
Out:      `Fleet`. A process that has ended is started again a moment later, as a cluster's supervisor would.
Promise:  the roles run their own code; only what an operating system gives (signals, HTTP ports) is left out.
"""

import asyncio
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, cast

from consumers.loop.tracing import UNTRACED
from ops.settings.load import Settings
from ops.telemetry.observer import OpsObserver
from roles.expirer import expirer
from roles.importer import importer
from roles.process import GRACE_S, RoleContext, Work, role_context, until_stopped
from roles.worker import worker
from schemas.observation.fact import Fact
from stores.code_port import StockFigures
from tests.simulation.kernel.process import PROCESS, Process
from tests.simulation.kernel.world import World
from tests.simulation.plan import Setup
from tests.simulation.views import Shown, Views

LOOKED_AFTER_EVERY_S: Final = 0.25
RESTART_S: Final = (0.3, 3.0)


ROLES: Final[dict[str, Work]] = {"worker": worker, "importer": importer, "expirer": expirer}


class Unobserved:
    """An observer that nobody asks."""

    def observe(self, fact: Fact) -> None:
        """Forget it."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass(eq=False, slots=True)
class Member:
    """A place that a process of a role has."""

    role: str
    number: int
    offset_s: float
    process: Process
    stopping: asyncio.Event
    restart_at_s: float | None = None


@dataclass(eq=False, slots=True)
class Fleet:
    """All processes of the service."""

    world: World
    settings: Settings
    members: list[Member] = field(default_factory=list)
    views: Views = field(default_factory=Views)
    crashes: list[str] = field(default_factory=list)
    """Tracebacks of processes that ended by an error."""
    is_closing: bool = False

    def start_all(self, setup: Setup) -> None:
        """Start as many of each role as the setup has."""
        counts = {
            "worker": setup.workers,
            "importer": setup.importers,
            "expirer": setup.expirers,
            "inventory": setup.views,
        }
        for role, number in counts.items():
            for _ in range(number):
                self.start_one(role)

    def start_one(self, role: str) -> None:
        """One more process of a role."""
        number = sum(member.role == role for member in self.members)
        offset_s = self.world.random.uniform(-0.1, 0.1)
        process, stopping = self._spawn(role, number, offset_s)
        self.members.append(Member(role, number, offset_s, process, stopping))

    def _spawn(self, role: str, number: int, offset_s: float) -> tuple[Process, asyncio.Event]:
        stopping = asyncio.Event()
        name = f"{role}-{number}"

        def run() -> Coroutine[Any, Any, None]:
            return self._run(role, name, stopping)

        return self.world.spawn(name, run, offset_s), stopping

    async def _run(self, role: str, name: str, stopping: asyncio.Event) -> None:
        context = context_of(self.settings, stopping)
        try:
            work = ROLES[role](context) if role in ROLES else self.views.run(name, context)
            await until_stopped(work, stopping, self.settings.worker.stop_budget_s + GRACE_S)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  # whatever it is, the process would end with 1
            self.crashes.append(f"{name}: {traceback.format_exc()}")

    async def look_after(self) -> None:
        """Start ended processes again, until `is_closing`."""
        while not self.is_closing:
            for member in self.members:
                self._look_after(member)
            await asyncio.sleep(LOOKED_AFTER_EVERY_S)  # last: nobody would stop what is started after the closing

    def _look_after(self, member: Member) -> None:
        now_s = self.world.loop.time()
        if self.world.is_running(member.process):
            return
        if member.restart_at_s is None:
            member.restart_at_s = now_s + self.world.random.uniform(*RESTART_S)
        elif now_s >= member.restart_at_s:
            member.restart_at_s = None
            member.process, member.stopping = self._spawn(member.role, member.number, member.offset_s)

    async def stop_all(self, limit_s: float) -> list[str]:
        """SIGTERM to all; gives the names of those that have not ended in time."""
        self.is_closing = True
        for member in self.members:
            member.stopping.set()
        until_s = self.world.loop.time() + limit_s
        while (left := self._running()) and self.world.loop.time() < until_s:  # noqa: ASYNC110  # on virtual time
            await asyncio.sleep(LOOKED_AFTER_EVERY_S)
        return left

    def shown(self) -> dict[str, Shown]:
        """What each view shows."""
        return self.views.shown(member.process.name for member in self.members if member.role == "inventory")

    def _running(self) -> list[str]:
        return [member.process.name for member in self.members if self.world.is_running(member.process)]


def context_of(settings: Settings, stopping: asyncio.Event) -> RoleContext:
    """What a role's work is given, without an observer."""
    observer = cast("OpsObserver", Unobserved())
    return role_context(settings, observer, UNTRACED, stopping, StockFigures(), lambda _collector: None)


def leave() -> None:
    """What `os._exit` is to a process."""
    process = PROCESS.get()
    assert process is not None
    process.kill()
