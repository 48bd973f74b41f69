"""A broker of a test's own, of any version: one that may be frozen or is too old for the others.

Out: `own_broker` and what is known of it.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.folder import Layout, layout_of
from devstack.ports import HOST
from devstack.starting import start_parts
from devstack.state import StateFile
from devstack.stopping import stop_parts
from schemas.settings import KafkaSettings

SESSION_S: Final = 4.0
"""The broker's session with the controller, as the local stack sets it."""


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """A running broker."""

    pid: int
    port: int
    log: Path

    @property
    def settings(self) -> KafkaSettings:
        """How clients reach it."""
        return KafkaSettings(bootstrap_servers=f"{HOST}:{self.port}")

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """The broker and its controller are frozen inside the block."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@asynccontextmanager
async def own_broker(folder: Path) -> AsyncIterator[OwnBroker]:
    """A broker whose data lies in this folder; stopped at the end. The environment says which version."""
    layout = Layout(folder)
    await asyncio.to_thread(take_known_jars, folder)
    file = StateFile(layout.state)
    try:
        await start_parts(["kafka"], layout, file, lambda _: None)
        record_ = file.read().parts["kafka"]
        yield OwnBroker(record_.pid, record_.port, record_.log)
    finally:
        await asyncio.to_thread(stop_parts, ["kafka"], file)


def take_known_jars(folder: Path) -> None:
    """Copy the class paths that the shared stack has found, so that the broker starts without another search."""
    folder.mkdir(exist_ok=True)
    for record in layout_of(None).root.glob("class-path*.json"):
        shutil.copy(record, folder)
