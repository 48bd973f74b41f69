"""What `tests.children` promises, on runs of their own."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.children import RUN_ID
from tests.integration.running import until
from tests.places import ROOT

PROJECT: Final = ROOT
ENDED_WITHIN_S: Final = 60.0
STARTS_A_CHILD: Final = """
import subprocess, pathlib, time
def test_it():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    pathlib.Path("pid").write_text(str(child.pid))
    {then}
"""
ASKS_FOR_SIGINT: Final = """
import subprocess, sys
def test_it():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode
"""


def a_run(folder: Path, test: str, *, ignoring: bool = False) -> "subprocess.Popen[bytes]":
    """A run of one test, with a shell's background signals if wanted."""
    (folder / "test_it.py").write_text(test)
    environment = {name: value for name, value in os.environ.items() if name != RUN_ID and "XDIST" not in name}
    return subprocess.Popen(  # this very Python
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.children", "-p", "no:cacheprovider", "test_it.py"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_IGN) if ignoring else None,  # noqa: PLW1509  # the run starts no thread before it
    )


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until_started(folder: Path) -> int:
    """The child's pid, once there is one."""
    place = folder / "pid"
    await until(lambda: place.exists() and bool(place.read_text()), "the test starts a child", ENDED_WITHIN_S)
    return int(place.read_text())


async def test_a_run_that_leaves_a_process_ends_it_and_fails(tmp_path: Path) -> None:
    """Its test passes, and yet the run does not."""
    run = a_run(tmp_path, STARTS_A_CHILD.format(then="child.returncode = 0"))
    out, _ = run.communicate()

    assert is_gone(int((tmp_path / "pid").read_text()))
    assert (pytest.ExitCode.TESTS_FAILED, True) == (run.returncode, b"left behind by the tests" in out)


async def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """Nobody is there to tidy up but the guard."""
    run = a_run(tmp_path, STARTS_A_CHILD.format(then="time.sleep(1000)"))
    child = await until_started(tmp_path)
    run.kill()
    run.communicate()

    await until(lambda: is_gone(child), "the child is ended", ENDED_WITHIN_S)


def test_a_run_in_the_background_gives_its_children_the_default(tmp_path: Path) -> None:
    """A shell's `&` has SIGINT ignored; a child of the tests is interrupted all the same."""
    run = a_run(tmp_path, ASKS_FOR_SIGINT, ignoring=True)
    out, _ = run.communicate()

    assert run.returncode == 0, out.decode()
