"""Processes: who they are, and that no other is ever taken for them."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack import processes
from devstack.processes import Identity

SLEEPER = (sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(60)",
)
WAIT_MAX_S = 10


def start(command: tuple[str, ...], tmp_path: Path) -> Identity:
    """Start a program and wait for its first word."""
    who = processes.start(command, log=tmp_path / "part.log", folder=tmp_path, environment={})
    assert who is not None
    deadline = time.monotonic() + WAIT_MAX_S
    while "awake" not in (tmp_path / "part.log").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    return who


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Identity]:
    """A process that does nothing for a minute."""
    who = start(SLEEPER, tmp_path)
    yield who
    processes.stop([who])


def test_a_started_process_has_a_session_of_its_own(sleeper: Identity) -> None:
    """Ctrl-C at our terminal does not reach it, and it is no child of ours to reap."""
    assert os.getsid(0) != os.getsid(sleeper.pid)
    assert os.getpid() != psutil.Process(sleeper.pid).ppid()


def test_a_process_runs_until_it_is_stopped(sleeper: Identity) -> None:
    """Stopping ends it, and stopping it again is nothing."""
    assert processes.is_running(sleeper)

    processes.stop([sleeper])
    processes.stop([sleeper])

    assert not processes.is_running(sleeper)


def test_a_clock_that_is_set_ends_no_process(sleeper: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a machine was suspended: a start time by the clock is later then, and the stack would seem dead."""
    born_at = psutil.Process(sleeper.pid).create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda _self: born_at + 70)

    assert processes.is_running(sleeper)


def test_a_recycled_pid_is_another_process(sleeper: Identity) -> None:
    """The same pid with another birth is not ours: it neither counts as running nor is it ended."""
    stranger = Identity(sleeper.pid, sleeper.born_at - 60)

    processes.stop([stranger])

    assert not processes.is_running(stranger)
    assert processes.is_running(sleeper)


def test_a_process_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ignores SIGTERM is gone after the limit."""
    monkeypatch.setattr(processes, "STOP_LIMIT_S", 0.3)
    who = start(STUBBORN, tmp_path)

    processes.stop([who])

    assert not processes.is_running(who)


def test_each_run_has_a_log_of_its_own(tmp_path: Path) -> None:
    """The end of the log is this run's; the log of the run before is kept under another name."""
    log = tmp_path / "part.log"
    log.write_text("the run before\n")

    processes.stop([start(SLEEPER, tmp_path)])

    assert ["awake"] == processes.log_end(log)
    assert "the run before\n" == (tmp_path / "part.previous.log").read_text()


def test_the_end_of_a_log_is_short_and_plain(tmp_path: Path) -> None:
    """Twenty lines, no colours, however long the log is."""
    log = tmp_path / "part.log"
    log.write_text("".join(f"\x1b[31mline {number}\x1b[0m\n" for number in range(5_000)))

    end = processes.log_end(log)

    assert [f"line {number}" for number in range(4_980, 5_000)] == end


def test_a_log_that_is_not_there_has_no_end(tmp_path: Path) -> None:
    """A part that never wrote has nothing to show."""
    assert [] == processes.log_end(tmp_path / "none.log")
