"""`codes top` at a terminal: what real imports and requests do is seen, and the terminal is left as it was."""

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.exit_codes import Exit
from schemas.topics import IMPORT, RESERVE
from tests.integration.commanding import CORE_SHARE_MAX, Codes, core_share
from tests.integration.importing import Files, ends, some_files
from tests.integration.own_broker import own_broker
from tests.integration.running import READY_TIMEOUT_S, Neighbour, running, until
from tests.integration.watching import watching

pytestmark = pytest.mark.integration

ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
STYLE = re.compile(r"\x1b\[[\d;]*m")
SIZE = struct.pack("HHHH", 24, 80, 0, 0)
SECRET = "a-secret-of-thirty-two-characters-at-least"


@pytest.fixture
def files(environment: dict[str, str]) -> Any:
    with some_files(environment) as files:
        yield files


class Terminal:
    """A terminal of 80 by 24 that runs `codes top`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.written = bytearray()

    @property
    def screen(self) -> str:
        """The last picture: each begins with the heading."""
        text = STYLE.sub("", self.written.decode(errors="replace"))
        return text.rpartition("codes top  ")[2]

    async def until(self, *words: str) -> None:
        """Wait until one picture shows all of them."""
        await until(lambda: all(word in self.screen for word in words), f"{words} on the screen", READY_TIMEOUT_S)

    def read(self, descriptor: int) -> None:
        """Take what was written; the end of a terminal is an error."""
        try:
            self.written += os.read(descriptor, 65_536)
        except OSError:
            asyncio.get_running_loop().remove_reader(descriptor)


@asynccontextmanager
async def at_a_terminal(environment: Mapping[str, str], *arguments: str) -> AsyncIterator[Terminal]:
    """The command, started there."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, SIZE)
    env = {**os.environ, **environment, "TERM": "xterm", "NO_COLOR": "1"}
    command = (sys.executable, "-m", "cli.main", "top", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    terminal = Terminal(process)
    asyncio.get_running_loop().add_reader(ours, terminal.read, ours)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)


async def test_what_happens_is_seen_and_what_was_seen_stays(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """An import and reserves move the figures; without the inventory they are stale; Ctrl-C restores the screen."""
    files.put("tm.csv", b"code\n" + b"".join(b"TM%d\n" % number for number in range(40)))
    async with (
        watching(environment, tmp_path / "inventory.log") as watcher,
        at_a_terminal(environment, "--url", watcher.url, "--interval-s", "0.5") as terminal,
    ):
        await terminal.until("campaigns: none", "imports: none is running")
        async with running("importer", environment, tmp_path / "importer.log"):
            await neighbour.send(IMPORT, files.command("tm.csv"))
            await ends(neighbour, 1)
            await terminal.until("sale", "█" * 8 + "     40", "i1 completed", "40 codes inserted")
        async with running("worker", environment, tmp_path / "worker.log"):
            ask = {"request_id": "r1", "campaign_id": "sale", "fan_id": "f1", "quantity": 36}
            await neighbour.send(RESERVE, ask)
            await terminal.until("!  sale", "█▒▒▒▒▒▒▒      4     36", "low       sale", "reserve.requests.v1")
            await neighbour.send(RESERVE, b"{")
            await terminal.until("dead letters in 24 hours: not_json 1")
        watcher.role.signal(signal.SIGKILL)
        await terminal.until("STALE for", "█▒▒▒▒▒▒▒      4     36")
        terminal.process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(terminal.process.wait(), 10)
        await until(lambda: LEFT in terminal.written, "the screen is left", READY_TIMEOUT_S)

    assert 130 == code
    assert 1 == terminal.written.count(ENTERED) == terminal.written.count(LEFT)
    assert b"Traceback" not in terminal.written


@pytest.mark.thorough
async def test_figures_are_stale_while_kafka_is_unavailable(
    environment: dict[str, str], migrated: Any, tmp_path: Path
) -> None:
    """The inventory still answers; the screen says what is missing, recovers, and the time-out ends it."""
    bootstrap = "CODES_KAFKA__BOOTSTRAP_SERVERS"
    async with own_broker(tmp_path / "kafka") as broker:
        there = {**environment, bootstrap: broker.settings.bootstrap_servers}
        assert Exit.OK == (await Codes(there)("migrate")).code
        async with (
            watching(there, tmp_path / "inventory.log") as watcher,
            at_a_terminal(environment, "--url", watcher.url, "--interval-s", "0.5") as patient,
            at_a_terminal(environment, "--url", watcher.url, "--timeout-s", "3") as hasty,
        ):
            await watcher.until("/api/lag", lambda lag: lag["known"])
            await patient.until("nothing waits")
            assert "STALE" not in patient.screen
            async with broker.frozen():
                await patient.until("STALE for", "Kafka unavailable", "campaigns: none")
                code = await asyncio.wait_for(hasty.process.wait(), READY_TIMEOUT_S)
                status, _ = await watcher.get("/api/campaigns")
            await patient.until("nothing waits")
            await until(lambda: "STALE" not in patient.screen, "fresh figures", READY_TIMEOUT_S)

    assert (Exit.UNREACHABLE, 200) == (code, status)
    assert b"no answer from Kafka, for 3 s" in hasty.written


async def test_sigterm_restores_the_screen_too(environment: dict[str, str], migrated: Any, tmp_path: Path) -> None:
    """As for every role, it is no failure."""
    async with (
        watching(environment, tmp_path / "inventory.log") as watcher,
        at_a_terminal(environment, "--url", watcher.url) as terminal,
    ):
        await terminal.until("campaigns: none")
        terminal.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(terminal.process.wait(), 10)
        await until(lambda: LEFT in terminal.written, "the screen is left", READY_TIMEOUT_S)

    assert 0 == code


async def test_a_pipe_gets_one_picture_or_one_line(
    environment: dict[str, str], migrated: Any, tmp_path: Path
) -> None:
    """Exit code 1 without access, 3 without an inventory; the line says what to do."""
    async with watching(environment, tmp_path / "i.log", CODES_INVENTORY__JWT_SECRET=SECRET) as watcher:
        url, codes = watcher.url, Codes(environment)
        denied = await codes("top", "--url", url, "--once")
    unreached = await codes("top", "--url", url)
    async with watching(environment, tmp_path / "open.log") as watcher:
        shown = await codes("top", "--url", watcher.url)

    assert (Exit.FAILED, "", 1) == (denied.code, denied.out, denied.err.count("\n"))
    assert "401" in denied.err
    assert "CODES_INVENTORY__TOKEN" in denied.err
    assert (Exit.UNREACHABLE, "", 1) == (unreached.code, unreached.out, unreached.err.count("\n"))
    assert "codes inventory" in unreached.err
    assert (Exit.OK, "") == (shown.code, shown.err)
    assert "campaigns: none" in shown.out.splitlines()
    assert "\x1b" not in shown.out


async def test_the_wait_for_an_inventory_ends_in_time(environment: dict[str, str]) -> None:
    """The error appears at once, and again when the command gives up; exit code 3."""
    ended = await Codes(environment)("top", "--url", "http://127.0.0.1:9", "--timeout-s", "2")

    assert (Exit.UNREACHABLE, "") == (ended.code, ended.out)
    said, over = ended.err.splitlines()
    assert said.startswith("codes: the inventory is unavailable at http://127.0.0.1:9 (")
    assert over.startswith("codes: the inventory is unavailable at http://127.0.0.1:9, for 2 s: ")


@pytest.mark.long
async def test_an_inventory_that_is_frozen_is_said_to_be_silent(
    environment: dict[str, str], migrated: Any, tmp_path: Path
) -> None:
    """The screen says so, costs little, and is left when the time is over."""
    async with (
        watching(environment, tmp_path / "inventory.log") as watcher,
        at_a_terminal(environment, "--url", watcher.url, "--timeout-s", "15") as terminal,
    ):
        await terminal.until("campaigns: none")
        watcher.role.signal(signal.SIGSTOP)
        try:
            await terminal.until("STALE for", "no answer yet")
            share = await core_share(terminal.process)
            code = await asyncio.wait_for(terminal.process.wait(), 60)
        finally:
            watcher.role.signal(signal.SIGCONT)
        await until(lambda: b"for 15 s" in terminal.written, "the reason", READY_TIMEOUT_S)

    assert Exit.UNREACHABLE == code
    assert share < CORE_SHARE_MAX
