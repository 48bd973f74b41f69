"""How a role's process ends: when something unforeseen happens in it, and when a thread of a driver hangs."""

import json
import subprocess
import sys
import time

import pytest

from ops.telemetry.log_schema import LogLine

CRASHING = """
from roles.process import run_role
from ops.settings.load import load_settings

async def work(context):
    raise ExceptionGroup("partitions", [ValueError('dup key: { campaign_id: "sale", code: "SECRET-1" }')])

run_role("worker", load_settings(), work, consumes=True)
"""
HANGING = """
import asyncio, os, signal, time
from concurrent.futures import ThreadPoolExecutor
from roles.process import run_role
from ops.settings.load import load_settings

THREADS = ThreadPoolExecutor()

async def work(context):
    {hang}
    {end}

run_role("worker", load_settings(), work, consumes=True)
"""
STOP = "os.kill(os.getpid(), signal.SIGTERM); await context.stopping.wait()"
DRIVERS = "THREADS.submit(time.sleep, 60)"
LOOPS = "asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)"
"""In the loop's own threads, where names of hosts are looked up."""
HUNG_S = 60
"""A thread of a driver waits for a database; 60 seconds is an example of `mongo.timeout_ms`."""


@pytest.mark.parametrize("hang", [DRIVERS, LOOPS])
@pytest.mark.parametrize(("end", "exit_code"), [(STOP, 0), ("raise ValueError", 1)])
def test_a_process_does_not_wait_for_a_thread_that_hangs(hang: str, end: str, exit_code: int) -> None:
    """A statement that was given up runs on in its thread, which the interpreter would join before it exits."""
    began_s = time.monotonic()

    done = subprocess.run(  # noqa: S603  # this very program
        [sys.executable, "-c", HANGING.format(hang=hang, end=end)],
        capture_output=True,
        timeout=100,
        check=False,
        env={},
    )

    assert exit_code == done.returncode
    assert time.monotonic() - began_s < HUNG_S / 2


def test_a_crash_is_the_last_line_of_the_log_and_contains_no_secret() -> None:
    """Not a bare traceback on standard error: a driver's message quotes the document that it failed at."""
    done = subprocess.run(  # noqa: S603  # this very program
        [sys.executable, "-c", CRASHING], capture_output=True, text=True, timeout=60, check=False, env={}
    )

    lines = [LogLine(**json.loads(line)) for line in done.stdout.splitlines()]
    assert (1, "") == (done.returncode, done.stderr)
    assert "crashed" == lines[-1].event
    assert "ValueError: dup key" in (lines[-1].exception or "")
    assert "SECRET" not in done.stdout
