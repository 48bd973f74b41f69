"""The parts of the local stack, node by node: frozen, killed, started again.

In:       the stack's folder.
Out:      nodes by kind; each outage lasts until the node answers again.
Promise:  the log of a killed node is copied before its next process begins a new one.
"""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import devstack
from devstack.errors import StackError
from devstack.state import PartName
from tests.chaos.journal import Journal

STARTS_MAX: Final = 5
"""On a machine under load a start may take longer than `devstack` waits."""
DEAD_POLL_S: Final = 0.05


class Parts:
    """Lives as long as a storm."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        self._kills = 0

    def pid(self, part: PartName) -> int:
        """Of its process."""
        [found] = [status.pid for status in devstack.status(self._folder) if status.name == part]
        assert found is not None
        return found

    async def freeze(self, part: PartName, lasts_s: float) -> None:
        """It does not answer for a while, like a part behind a broken network."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def kill(self, part: PartName, down_s: float) -> None:
        """It is killed, and started again after a while."""
        os.kill(self.pid(part), signal.SIGKILL)
        await asyncio.sleep(down_s)
        self._keep_log(part)
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        """Start what is not running.

        Raises:
            StackError: it did not answer after `STARTS_MAX` starts.
        """
        for left in reversed(range(STARTS_MAX)):
            try:
                devstack.up(self._folder)
            except StackError as error:
                self._journal.note("start failed", why=str(error))
                if not left:
                    raise
            else:
                return

    def _keep_log(self, part: PartName) -> None:
        [log] = [status.log for status in devstack.status(self._folder) if status.name == part]
        self._kills += 1
        if log is not None:
            shutil.copy(log, self._journal.folder / f"{part}.{self._kills}.log")
