"""The processes that a test run starts: what they inherit, and that none of them outlives the run.

In:       a pytest plugin, loaded by `tests/conftest.py`; `python -m tests.children` is its guard.
Out:      every process of the run carries `PYTEST_RUN_ID`. What is left at its end is ended, and the run fails.
Promise:  it holds for a run that is killed too: the guard sees the end of its input and ends what is left.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

RUN_ID: Final = "PYTEST_RUN_ID"
"""Set by the first process of a run; xdist's workers, roles and parts of the stack inherit it."""
END_TIMEOUT_S: Final = 10.0
GUARD: Final = pytest.StashKey["subprocess.Popen[bytes]"]()
LEFT: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Let children die by SIGINT, and start the guard, once a run."""
    # A shell starts background jobs with SIGINT ignored, and all that they start inherits that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if RUN_ID in os.environ:
        return
    os.environ[RUN_ID] = uuid.uuid4().hex
    config.stash[GUARD] = subprocess.Popen(  # this very Python
        [sys.executable, "-m", "tests.children"],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the run alone
        cwd=Path(__file__).parent.parent,
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run that leaves a process behind has failed, whatever its tests say."""
    if GUARD not in session.config.stash:
        return
    session.config.stash[LEFT] = [name for _, name in left_behind(os.environ[RUN_ID], but=guard_of(session.config))]
    if session.config.stash[LEFT] and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left."""
    for name in config.stash.get(LEFT, []):
        terminalreporter.write_line(f"left behind by the tests, and ended: {name}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the guard end what is left."""
    guard = config.stash.get(GUARD, None)
    if guard is not None:
        assert guard.stdin is not None
        guard.stdin.close()
        guard.wait()
        del os.environ[RUN_ID]


def guard_of(config: pytest.Config) -> int:
    """The guard's pid, which is not left behind: it waits for the run's end."""
    return config.stash[GUARD].pid


def left_behind(run_id: str, *, but: int) -> Iterator[tuple[psutil.Process, str]]:
    """The processes of a run that still live, with what they are; not this one, its parents and `but`."""
    own = {but, os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid not in own and process.environ().get(RUN_ID) == run_id:
                yield process, f"{process.pid} {' '.join(process.cmdline())[:200]}"
        except psutil.Error:
            continue  # it has ended, or is another user's


def end_what_is_left(run_id: str) -> None:
    """Kill until nothing is left: what dies may have just started another one."""
    while found := [process for process, _ in left_behind(run_id, but=os.getpid())]:
        for process in found:
            process.kill()
        psutil.wait_procs(found, timeout=END_TIMEOUT_S)


if __name__ == "__main__":
    sys.stdin.read()
    end_what_is_left(os.environ[RUN_ID])
