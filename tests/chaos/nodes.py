"""The nodes of the local stack: frozen, killed, stopped, started again.

In:       the stack's folder.
Out:      nodes by kind; each outage lasts until the node answers again.
Promise:  the log of a node that ends is copied before its next process begins a new one.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from devstack import Node, StackError, nodes, start_node
from devstack.shape import NodeKind
from tests.chaos.journal import Journal

STARTS_MAX: Final = 5
"""On a machine under load a start may take longer than `devstack` waits."""
POLL_S: Final = 0.05
NODE: Final = "node-"
"""Begins the names of logs of the stack, beside those of roles."""
STOP_S_MAX: Final = 60.0


class Nodes:
    """Lives as long as a storm."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        self._ends = 0

    def of(self, *kinds: NodeKind) -> list[Node]:
        """The nodes of these kinds that run, frozen or not."""
        return [node for node in nodes(self._folder) if node.kind in kinds and node.is_running]

    async def freeze(self, frozen: Sequence[Node], lasts_s: float) -> None:
        """They do not answer for a while, like nodes behind a broken network."""
        self._note("frozen", frozen)
        for node in frozen:
            os.kill(node.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            for node in frozen:
                with suppress(ProcessLookupError):
                    os.kill(node.pid, signal.SIGCONT)

    async def end(self, node: Node, how: signal.Signals, down_s: float) -> None:
        """It is killed or stopped, and started again after a while."""
        self._note(how.name, [node])
        os.kill(node.pid, how)
        async with asyncio.timeout(STOP_S_MAX):
            while self._runs(node):  # noqa: ASYNC110  # only the system knows when a process has ended
                await asyncio.sleep(POLL_S)
        await asyncio.sleep(down_s)
        self._keep_log(node)
        await asyncio.to_thread(self._start, node)

    def _runs(self, node: Node) -> bool:
        return any(each.is_running for each in nodes(self._folder) if each.name == node.name)

    def _start(self, node: Node) -> None:
        """Start it.

        Raises:
            StackError: it did not answer after `STARTS_MAX` starts.
        """
        for left in reversed(range(STARTS_MAX)):
            try:
                if not self._runs(node):
                    start_node(node.name, self._folder)
            except StackError as error:
                self._journal.note("start failed", node=node.name, why=str(error)[-500:])
                if not left:
                    raise
            else:
                return

    def _keep_log(self, node: Node) -> None:
        self._ends += 1
        with suppress(FileNotFoundError):
            shutil.copy(node.log, self._journal.folder / f"{NODE}{node.name}.{self._ends}.log")

    def _note(self, what: str, which: Sequence[Node]) -> None:
        self._journal.note("nodes", what=what, names=[node.name for node in which])
