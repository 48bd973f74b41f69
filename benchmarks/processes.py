"""Processes of a run: the measured systems, and `codes` commands.

In:       a module or a command, and the environment of a scene.
Out:      a running process, or the end of a command.
Promise:  a process that was started is ended, whatever happens meanwhile.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

STOP_TIMEOUT_S: Final = 30.0
CODES: Final = ("-m", "cli.main")
SYSTEMS: Final[Mapping[str, Sequence[str]]] = {
    "worker": (*CODES, "worker"),
    "importer": (*CODES, "importer"),
    **{
        name: ("-m", f"benchmarks.systems.{name}")
        for name in ("limit", "per_message", "echo", "insert_many", "row_by_row")
    },
    "faststream": ("-m", "benchmarks.systems.faststream_app"),
    "faust": ("-m", "benchmarks.systems.faust_app"),
}


@asynccontextmanager
async def running(system: str, environment: Mapping[str, str], *arguments: str) -> AsyncIterator[Process]:
    """A system's process, stopped at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *SYSTEMS[system], *arguments, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        await stop(process)


async def stop(process: Process) -> None:
    """Send SIGTERM, then SIGKILL after `STOP_TIMEOUT_S`."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def run_codes(environment: Mapping[str, str], *arguments: str) -> None:
    """Run a `codes` command.

    Raises:
        RuntimeError: it failed.
    """
    await output_of(environment, *CODES, *arguments)


async def output_of(environment: Mapping[str, str], *arguments: str) -> bytes:
    """What a Python program prints.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=PIPE, env={**os.environ, **environment}
    )
    printed, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}")
    return printed


def check_alive(processes: Sequence[Process]) -> None:
    """A system that failed will not answer any more.

    Raises:
        RuntimeError: a process ended with an error.
    """
    failed = [process.returncode for process in processes if process.returncode]
    if failed:
        raise RuntimeError(f"a measured process ended with {failed[0]}")
