"""`codes` as a person types it, in a process of its own.

Out: `Codes`, and `Ended`, what a command left behind; `core_share`, what one takes while it runs.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psutil

WINDOW: Final = frozenset({"COLUMNS", "LINES"})
COMMAND_LIMIT_S: Final = 60
PIECE_BYTES: Final = 65_536
MEASURED_S: Final = 6.0
CORE_SHARE_MAX: Final = 0.05
"""A twentieth of a core is generous: a wait takes less than a fiftieth, and a fifth was the defect."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it must be."""
        assert self.out, self.err
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


class Codes:
    """`codes` as a person types it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # The `readline` of the process that started this one exports the width of its terminal.
        inherited = {name: value for name, value in os.environ.items() if name not in WINDOW}
        self.environment = {**inherited, **environment}

    async def start(
        self, *arguments: str, stderr: int = asyncio.subprocess.PIPE, **more: str
    ) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli.main",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**self.environment, **more},
        )

    async def __call__(self, *arguments: str, typed: str = "") -> Ended:
        """Run a command to its end."""
        process = await self.start(*arguments)
        try:
            out, err = await asyncio.wait_for(process.communicate(typed.encode()), COMMAND_LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def at_terminal(self, *arguments: str) -> Ended:
        """Run a command to its end, its standard error a terminal."""
        ours, theirs = os.openpty()
        process = await self.start(*arguments, stderr=theirs, TERM="xterm", COLUMNS="80")
        os.close(theirs)
        try:
            ended = asyncio.gather(process.communicate(), asyncio.to_thread(all_of, ours))
            [(out, _), shown] = await asyncio.wait_for(ended, COMMAND_LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
            os.close(ours)
        return Ended(process.returncode or 0, out.decode(), shown.decode())


async def core_share(process: asyncio.subprocess.Process) -> float:
    """How much of a core the process takes, over some seconds."""
    watched = psutil.Process(process.pid)
    before = watched.cpu_times()
    await asyncio.sleep(MEASURED_S)
    after = watched.cpu_times()
    return (after.user + after.system - before.user - before.system) / MEASURED_S


def all_of(terminal: int) -> bytes:
    """What was written to a terminal until its last process closed it; Linux reports that as an error."""
    shown = b""
    with suppress(OSError):
        while piece := os.read(terminal, PIECE_BYTES):
            shown += piece
    return shown
