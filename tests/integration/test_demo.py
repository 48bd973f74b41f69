"""A small `codes demo`: its output, and that it leaves no process running, however it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import devstack

pytestmark = pytest.mark.integration

DEMO = (sys.executable, "-m", "cli.main", "demo", "--requests", "300", "--codes", "400")
LAST_LINE = (
    r"demo: requests=\d+ results=\d+ reserved=\d+ assigned=\d+ released=\d+ expired=\d+ refused=\d+ "
    r"dead_letters=\d+ lost=0 doubled=0 drift=0 seconds=\d+\.\d"
)


def role_processes(stack: devstack.Stack) -> list[str]:
    """Running roles of any demo on this stack."""
    logs = str(stack.folder / "logs" / "demo-")
    found = psutil.process_iter(["pid", "open_files", "cmdline"])
    return [
        " ".join(process.info["cmdline"])
        for process in found
        if any(opened.path.startswith(logs) for opened in process.info["open_files"] or ())
    ]


def logs_of_demos(stack: devstack.Stack) -> list[Path]:
    return sorted((stack.folder / "logs").glob("demo-*-worker.log"))


def test_it_ends_with_one_line_of_figures(stack: devstack.Stack) -> None:
    """Nothing is lost, doubled or drifting; a stack that ran before still runs, and no role does."""
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=110, check=False)  # noqa: S603  # this very program

    assert 0 == done.returncode, done.stderr
    assert re.fullmatch(LAST_LINE, done.stdout.splitlines()[-1])
    assert 1 == done.stdout.count("demo: ")
    assert [] == role_processes(stack)
    assert devstack.current() is not None


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)])
def test_ended_in_mid_work_it_leaves_nothing_running(stack: devstack.Stack, number: signal.Signals) -> None:
    """Interrupted as soon as its roles run, it stops all of them."""
    before = logs_of_demos(stack)
    demo = subprocess.Popen(  # noqa: S603  # this very program
        DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not any("started" in log.read_text() for log in logs_of_demos(stack) if log not in before):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(demo.pid, number)
    _, err = demo.communicate(timeout=60)

    assert 130 == demo.returncode
    assert "demo interrupted" in err
    assert [] == role_processes(stack)
    assert devstack.current() is not None
