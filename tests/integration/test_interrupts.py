"""Ctrl-C ends each command silently at whatever moment, and a closed pipe ends `tail`.

Each command starts a process for each moment: a normal run tries some commands at some moments, `make long`
tries all.
"""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

import pytest

from ops.exit_codes import Exit
from schemas.topics import RESERVE
from tests.integration.commanding import COMMAND_LIMIT_S, Codes, Ended
from tests.integration.running import Neighbour

pytestmark = pytest.mark.integration

MOMENTS: Final = 20
MOMENTS_NORMAL: Final = 4
SHARE: Final = 3
"""Which commands a normal run tries does not depend on the day: a failure is the change's."""
ENDLESS_S: Final = 1.0
"""The moments of a command that does not end by itself are within its first second."""
AT_ONCE: Final = 4
SENT: Final = re.compile(
    r"import: waiting for the importer\n|codes: (Request|Import) i-1 (was|may have been) sent\. Its .*: codes .*\n"
)
ENDING: Final = (
    *(
        ("config",),
        ("rehearse", "--shape", "steady", "--campaign", "rehearsal-1"),
        ("acl",),
        ("schemas", "--check"),
        ("migrate",),
        ("migrate", "--check"),
        ("audit",),
    ),
    *(("reconcile",), ("imports", "list"), ("imports", "show", "i-1"), ("imports", "retry", "i-1")),
    *(("show", "campaign", "c-1"), ("show", "code", "i-1"), ("show", "reservation", "i-1")),
    *(("fans", "export", "i-1"), ("fans", "erase", "i-1"), ("show", "fan", "i-1")),
    *(("show", "request", "i-1"), ("tail", "results.v1", "--no-follow"), ("dev", "status"), ("dev", "down")),
    *(("publish", "release", "--campaign", "c-1", "--reservation", "r-1", "--request-id", "i-1"), ("top", "--once")),
    ("canary", "--once", "--timeout-s", "1"),
    ("schemas", "publish", "--check"),
    ("metrics",),
)
ENDLESS: Final = (
    *(("tail", "results.v1"), ("top", "--url", "http://127.0.0.1:1", "--timeout-s", "60")),
    ("publish", "reserve", "--campaign", "c-1", "--fan", "f-1", "--request-id", "i-1", "--wait"),
    ("publish", "import", "s3://none/none.csv", "--campaign", "c-1", "--request-id", "i-1", "--wait"),
)


def tried(commands: Sequence[tuple[str, ...]]) -> list[Any]:
    """Parameters of a test: some commands at some moments, and all at all of them, marked `long`."""
    some = [pytest.param(words, MOMENTS_NORMAL, id=" ".join(words)) for words in commands[::SHARE]]
    return [
        *some,
        *(pytest.param(words, MOMENTS, id=f"{' '.join(words)}-all", marks=pytest.mark.long) for words in commands),
    ]


ROLES: Final = (("worker",), ("importer",), ("expirer",), ("inventory",))
TAIL: Final = (sys.executable, "-m", "cli.main", "tail", "results.v1")


@pytest.fixture
def codes(environment: dict[str, str], migrated: Any, tmp_path: Path) -> Codes:
    """Commands on this test's topics and database, and without a stack of their own."""
    return Codes({**environment, "CODES_DEV_DIR": str(tmp_path / "none"), "CODES_OPS__PORT": "0"})


async def interrupted(codes: Codes, arguments: tuple[str, ...], after_s: float) -> Ended:
    """What is left behind by a command that got Ctrl-C, unless it had ended."""
    process = await codes.start(*arguments)
    ending = asyncio.create_task(process.communicate(b""))
    await asyncio.wait([ending], timeout=after_s)
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(ending, COMMAND_LIMIT_S)
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def interrupted_at_each_moment(
    codes: Codes, arguments: tuple[str, ...], within_s: float, moments: int
) -> list[Ended]:
    """The command, interrupted at moments that are spread over its time; the first one is another in each run."""
    first = SystemRandom().random()
    slots = asyncio.Semaphore(AT_ONCE)

    async def at(moment: int) -> Ended:
        async with slots:
            return await interrupted(codes, arguments, within_s * (moment + first) / moments)

    return await asyncio.gather(*map(at, range(moments)))


@pytest.mark.parametrize(("arguments", "moments"), tried(ENDING))
async def test_a_command_is_interrupted_silently(codes: Codes, arguments: tuple[str, ...], moments: int) -> None:
    """Exit code 130 and no line of its own, or the command was faster, and ended as it does without Ctrl-C."""
    began_s = time.monotonic()
    whole = await interrupted(codes, arguments, COMMAND_LIMIT_S)
    within_s = time.monotonic() - began_s

    for ended in await interrupted_at_each_moment(codes, arguments, within_s, moments):
        assert not any(word in ended.err for word in ("Traceback", "ignored", "Warning", "Aborted")), ended
        # A command that fails may have said why, and be interrupted before it has ended.
        assert ended.code != Exit.INTERRUPTED or whole.err.startswith(SENT.sub("", ended.err)), ended
        assert ended.code >= 0, ended


@pytest.mark.parametrize(("arguments", "moments"), tried(ENDLESS))
async def test_a_wait_is_interrupted_with_a_line_about_what_was_sent(
    codes: Codes, arguments: tuple[str, ...], moments: int
) -> None:
    """The line says how to find the answer; nothing else is printed."""
    for ended in await interrupted_at_each_moment(codes, arguments, ENDLESS_S, moments):
        silent = [line for line in SENT.sub("", ended.err).splitlines() if "waiting; Ctrl-C ends" not in line]
        assert (Exit.INTERRUPTED, "", []) == (ended.code, ended.out, silent)


@pytest.mark.parametrize("arguments", ROLES, ids=" ".join)
async def test_a_role_is_interrupted_silently(codes: Codes, arguments: tuple[str, ...]) -> None:
    """It writes its log, and ends as after SIGTERM, but with the exit code of Ctrl-C."""
    for after_s in (0.0, 0.1, 0.5, 2.0):
        ended = await interrupted(codes, arguments, after_s)
        assert (Exit.INTERRUPTED, "") == (ended.code, ended.err)


async def test_the_line_says_that_a_request_was_sent(codes: Codes, neighbour: Neighbour) -> None:
    """Ctrl-C ends the command; the request is processed nevertheless."""
    ids = ("--campaign", "c-1", "--fan", "f-1", "--request-id", "r-1")
    process = await codes.start("publish", "reserve", *ids, "--wait")
    await neighbour.records(RESERVE, 1)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert (Exit.INTERRUPTED, b"") == (process.returncode, out)
    assert re.fullmatch(
        r"codes: Request r-1 (was|may have been) sent\. Its result: codes show request r-1\n", err.decode()
    )


async def test_a_closed_pipe_ends_tail_at_once(codes: Codes) -> None:
    """Also while no record arrives that would be written."""
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *TAIL, stdout=writing, stderr=asyncio.subprocess.PIPE, env=codes.environment
    )
    os.close(writing)
    os.close(reading)
    _, err = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert (Exit.CLOSED_PIPE, b"") == (process.returncode, err)
