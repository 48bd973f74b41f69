"""How a role's process ends when something unforeseen happens in it."""

import json
import subprocess
import sys

from ops.telemetry.log_schema import LogLine

CRASHING = """
from roles.process import run_role
from ops.settings.load import load_settings

async def work(context):
    raise ExceptionGroup("partitions", [ValueError('dup key: { campaign_id: "sale", code: "SECRET-1" }')])

run_role("worker", load_settings(), work, consumes=True)
"""


def test_a_crash_is_the_last_line_of_the_log_and_tells_no_secret() -> None:
    """Not a bare traceback on standard error: a driver's message quotes the document that it failed at."""
    done = subprocess.run(  # noqa: S603  # this very program
        [sys.executable, "-c", CRASHING], capture_output=True, text=True, timeout=60, check=False, env={}
    )

    lines = [LogLine(**json.loads(line)) for line in done.stdout.splitlines()]
    assert (1, "") == (done.returncode, done.stderr)
    assert "crashed" == lines[-1].event
    assert "ValueError: dup key" in (lines[-1].exception or "")
    assert "SECRET" not in done.stdout
