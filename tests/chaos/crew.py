"""The roles as processes that an orchestrator keeps running: one that ends is started again.

In:       an environment, a folder for logs.
Out:      members to kill, freeze, stop, add and remove.
Promise:  a process that ends although nobody ended it, or does not obey SIGTERM, is named in `problems`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.journal import Journal
from tests.checking.violation import Violation

CREW: Final = ("worker",) * 3 + ("importer",) * 2 + ("expirer",) * 2 + ("inventory",) * 2
STOP_S_MAX: Final = 90.0
"""After SIGTERM. The contract says 30 s; a machine under load may have no time for the process."""
RESTART_S: Final = 0.5
STARTED_POLL_S: Final = 0.1
"""A process may have been about to start when all were stopped."""


@dataclass(slots=True)
class Member:
    """One place in the crew, taken by one process after another."""

    name: str
    kind: str
    is_busy: bool = False
    """A fault is at work on it."""
    is_leaving: bool = False
    is_dying: bool = False
    """It was killed, and still seems to run. A second kill could reap it, and its exit code would be lost."""
    expected: set[int] = field(default_factory=set)
    """Exit codes that faults may cause; without any it should not end."""
    down_s: float = RESTART_S
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables of the next process only."""
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    keeping: asyncio.Task[None] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether no other fault may choose it."""
        return self.is_busy or self.is_leaving or self.is_dying

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still runs."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)


class Crew:
    """Lives as long as a storm."""

    def __init__(self, environment: Mapping[str, str], journal: Journal) -> None:
        self._environment = environment
        self._journal = journal
        self.members: list[Member] = []
        self.problems: list[Violation] = []

    def add(self, kind: str) -> Member:
        """Start another process, and keep one running in its place."""
        number = 1 + sum(member.kind == kind for member in self.members)
        member = Member(f"{kind}-{number}", kind)
        self.members.append(member)
        member.keeping = asyncio.create_task(self._keep(member), name=member.name)
        return member

    def free(self, *kinds: str) -> list[Member]:
        """Members that run and have no fault at work on them."""
        wanted = kinds or CREW
        return [
            member for member in self.members if member.kind in wanted and member.is_running and not member.is_taken
        ]

    def kill(self, member: Member, down_s: float) -> None:
        """Send SIGKILL; the next process starts after a while."""
        member.expected.add(-signal.SIGKILL)
        member.down_s = down_s
        member.is_dying = True
        member.signal(signal.SIGKILL)

    async def stop(self, member: Member, *, leave: bool = False) -> None:
        """Send SIGTERM; the process must end with 0."""
        member.expected |= {0} if self._has_begun(member) else {0, -signal.SIGTERM}
        member.is_leaving = leave
        process = member.process
        assert process is not None
        member.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S_MAX)
        except TimeoutError:
            self._complain(member, f"its end within {STOP_S_MAX:g} s after SIGTERM", "none")
            member.expected.add(-signal.SIGKILL)
            process.kill()
            await process.wait()

    async def stop_all(self, *kinds: str) -> None:
        """Send SIGTERM to all that run (of these kinds, if any are named), and wait for their ends."""
        leaving = [member for member in self.members if member.kind in (kinds or CREW)]
        for member in leaving:
            member.is_leaving = True
        while any(member.keeping is not None and not member.keeping.done() for member in leaving):
            await asyncio.gather(*(self.stop(member, leave=True) for member in leaving if member.is_running))
            await asyncio.sleep(STARTED_POLL_S)

    async def kill_all(self) -> None:
        """Leave no process behind, whatever happened."""
        for member in self.members:
            if member.keeping is not None:
                member.keeping.cancel()
            member.signal(signal.SIGCONT)
            member.signal(signal.SIGKILL)
        await asyncio.gather(*(member.process.wait() for member in self.members if member.process is not None))

    def _has_begun(self, member: Member) -> bool:
        """Whether it handles signals: before its first line of log, the interpreter loads it."""
        return (self._journal.folder / log_name(member)).stat().st_size > 0

    def _complain(self, member: Member, expected: str, found: str) -> None:
        self.problems.append(Violation("ended_badly", (log_name(member),), expected, found))

    async def _keep(self, member: Member) -> None:
        while not member.is_leaving:
            member.process = await self._start(member)
            code = await member.process.wait()
            self._journal.note("ended", name=member.name, start=member.starts, code=code)
            if code not in member.expected:
                self._complain(member, f"exit code {sorted(member.expected) or 'none'}", f"{code}")
            down_s, member.down_s = member.down_s, RESTART_S
            member.expected.clear()
            member.is_dying = False
            if not member.is_leaving:
                await asyncio.sleep(down_s)

    async def _start(self, member: Member) -> asyncio.subprocess.Process:
        member.starts += 1
        more, member.more = member.more, {}
        if "CODES_FAILPOINT" in more:
            member.expected.add(-signal.SIGKILL)
        with (self._journal.folder / log_name(member)).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cli.main",
                member.kind,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment, **more},
                start_new_session=True,  # Ctrl-C is for the storm, which then ends its processes
            )
        self._journal.note("started", name=member.name, start=member.starts, pid=process.pid, **more)
        return process


def log_name(member: Member) -> str:
    return f"{member.name}.{member.starts}.log"
