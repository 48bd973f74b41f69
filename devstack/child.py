"""Short-lived helper programs: jgo, Kafka's formatter.

In:       a command and how long it may take.
Out:      the running child, to read from.
Promise:  the child has ended when the `async with` block ends, for whatever reason.
"""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devstack.errors import StackError

WIDE = {"COLUMNS": "500"}
"""Some programs wrap lines at the terminal's width; here a program parses them."""


@asynccontextmanager
async def child(*command: str, limit_s: float, what: str, folder: Path | None = None) -> AsyncIterator[Process]:
    """Run a command while the block reads its `stdout` and `stderr`; wait for its end.

    Raises:
        StackError: it took longer than `limit_s`.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env={**os.environ, **WIDE},
        start_new_session=True,  # Ctrl-C reaches us; we end it
    )
    try:
        async with asyncio.timeout(limit_s):
            yield process
            await process.wait()
    except TimeoutError as error:
        raise StackError(f"{what} took longer than {limit_s} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def read_all(stream: asyncio.StreamReader | None) -> str:
    """Read one of a child's pipes to its end."""
    assert stream is not None
    return (await stream.read()).decode(errors="replace")
