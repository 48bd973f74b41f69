"""Starts and stops the demo's roles: processes of this program, each with a log file.

In:       an environment, a folder for logs.
Out:      running processes; their logs and metrics as text.
Promise:  after `stop` none of them runs: it sends SIGTERM, and SIGKILL after a time limit.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from schemas.errors import CodeServiceError

CREW: Final = ("worker", "worker", "importer", "expirer", "inventory")
STOP_LIMIT_S: Final = 28.0
"""Time for a role to end after SIGTERM; the contract allows 30 s."""
LOG_END_LINES: Final = 15
HTTP_OK: Final = 200


class RoleFailed(CodeServiceError):
    """A role's process ended unexpectedly, or did not become ready. See its log."""


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int | None:
        """Its ops port, once it is in the log."""
        for line in self.log.read_text(errors="replace").splitlines():
            if '"ops_listening"' in line:
                return int(json.loads(line)["port"])
        return None


class Roles:
    def __init__(self, logs: Path) -> None:
        """`logs`: an existing folder."""
        self._logs = logs
        self._running: list[Role] = []
        self._all: list[Role] = []

    def start(self, environment: Mapping[str, str], crew: Sequence[str] = CREW) -> None:
        """Start the processes, each in its own session: Ctrl-C reaches only the demo, which then stops them."""
        for number, name in enumerate(crew, 1):
            log = self._logs / f"{environment['CODES_MONGO__DATABASE']}-{number}-{name}.log"
            with log.open("wb") as out:
                process = subprocess.Popen(  # noqa: S603  # this very program
                    [sys.executable, "-m", "cli.main", name],
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            role = Role(f"{name}-{number}", process, log)
            self._running.append(role)
            self._all.append(role)

    def check(self) -> None:
        """Raises RoleFailed if one has ended."""
        for role in self._running:
            code = role.process.poll()
            if code is not None:
                raise RoleFailed(f"{role.name} ended with {code}; {log_end(role.log)}")

    async def ready(self) -> int:
        """Number of ready roles. Raises RoleFailed if one has ended."""
        self.check()
        async with aiohttp.ClientSession() as session:
            answers = await asyncio.gather(*(is_ready(session, role) for role in self._running))
        return sum(answers)

    async def metrics(self) -> dict[str, str]:
        async with aiohttp.ClientSession() as session:
            return {f"metrics of {role.name}": await get(session, role, "metrics") for role in self._running}

    def texts(self) -> dict[str, str]:
        return {f"log of {role.name}": role.log.read_text(errors="replace") for role in self._all}

    def stop(self) -> list[str]:
        """End all running processes. Returns a message for each that failed; safe to call again."""
        roles, deadline_s = list(self._running), time.monotonic() + STOP_LIMIT_S
        for role in roles:
            role.process.send_signal(signal.SIGTERM)
        ended_badly = [problem for role in roles if (problem := end_of(role, deadline_s))]
        self._running = []
        return ended_badly


def end_of(role: Role, deadline_s: float) -> str | None:
    """Wait for a process to end after SIGTERM, or kill it. Returns a message if it failed."""
    try:
        code = role.process.wait(max(0.0, deadline_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        role.process.kill()
        role.process.wait()
        return f"{role.name} did not end in {STOP_LIMIT_S:g} s and was killed"
    return f"{role.name} ended with {code}; {log_end(role.log)}" if code else None


async def is_ready(session: aiohttp.ClientSession, role: Role) -> bool:
    if role.port is None:
        return False
    async with session.get(f"http://127.0.0.1:{role.port}/ready") as answer:
        return answer.status == HTTP_OK


async def get(session: aiohttp.ClientSession, role: Role, page: str) -> str:
    """Fetch a page of the role's ops port."""
    async with session.get(f"http://127.0.0.1:{role.port}/{page}") as answer:
        return await answer.text()


def log_end(log: Path) -> str:
    """The last lines of a log, joined into one line."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_END_LINES:]
    return f"the end of {log}: " + " | ".join(line.strip() for line in lines)
