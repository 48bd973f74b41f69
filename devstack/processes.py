"""Processes that outlive the program that starts them, identified by pid and start time.

In:       a command to start; or a pid with its start time.
Out:      identities, whether they still run, the end of a log.
Promise:  only a process that was started here gets a signal: a reused pid has another start time.
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devstack.extra import require

if TYPE_CHECKING:
    import psutil

STOP_LIMIT_S = 15
"""Time between SIGTERM and SIGKILL."""
PROC = Path("/proc")
BIRTH_TOLERANCE_S = 2.0
"""Where the kernel tells no start time since boot, it follows the clock, which may be corrected meanwhile."""
TICK_TOLERANCE_S = 0.005
"""Half a tick of the kernel's clock."""
STOP_POLL_S = 0.02
LOG_END_LINES = 20
LOG_END_BYTES = 16_384
ANSI = re.compile(r"\x1b\[[0-9;]*m")

START_TIME = 19
"""Its place in `/proc/PID/stat` after the name."""

LAUNCH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
"""The shell exits at once, so that init adopts the part and reaps it: no zombie is left."""


class Identity(NamedTuple):
    """A pid with its start time, which together name one process."""

    pid: int
    born_at: float
    """Seconds since boot; without `/proc` since 1970."""


def start(command: Sequence[str], *, log: Path, folder: Path, environment: Mapping[str, str]) -> Identity | None:
    """Start a process in a session of its own, so that Ctrl-C here does not reach it.

    Returns:
        Its identity, or None if it ended at once.
    """
    _begin(log)
    launched = subprocess.run(  # noqa: S603 - a part's command is made here
        ["/bin/sh", "-c", LAUNCH, "sh", str(log), *command],
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    pid = int(launched.stdout)
    born_at = birth(pid)
    return None if born_at is None else Identity(pid, born_at)


def is_running(who: Identity) -> bool:
    """Whether this process still runs."""
    born_at = birth(who.pid)
    tolerance_s = TICK_TOLERANCE_S if PROC.is_dir() else BIRTH_TOLERANCE_S
    return born_at is not None and abs(born_at - who.born_at) < tolerance_s


def stop(whom: Iterable[Identity], *, orderly: bool = True) -> None:
    """Send SIGTERM, then SIGKILL after `STOP_LIMIT_S`; only SIGKILL if not `orderly`.

    Processes that have ended are skipped.
    """
    running = list(whom)
    for how in (signal.SIGTERM, signal.SIGKILL) if orderly else (signal.SIGKILL,):
        for who in running:
            _signal(who, how)
            _signal(who, signal.SIGCONT)  # a frozen process gets SIGTERM only when it continues
        running = _still_running(running)


def log_end(log: Path) -> list[str]:
    """The last lines of a log, without colours."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_END_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return ANSI.sub("", text).splitlines()[-LOG_END_LINES:]


def _begin(log: Path) -> None:
    """Rename the log of the previous run, so that `log_end` shows lines of this run only."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))


def _signal(who: Identity, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if is_running(who):
            os.kill(who.pid, how)


def _still_running(whom: list[Identity]) -> list[Identity]:
    """Wait for the processes to end. A zombie counts as ended."""
    deadline = time.monotonic() + STOP_LIMIT_S
    running = whom
    while (running := [who for who in running if is_running(who)]) and time.monotonic() < deadline:
        time.sleep(STOP_POLL_S)
    return running


def birth(pid: int) -> float | None:
    """When a process began; None if it has ended. No change of the clock, and no suspended machine, alters it."""
    require("psutil", why="the local stack")
    import psutil  # noqa: PLC0415 - part of the extra; the other commands of `codes` load this file without it

    try:
        process = psutil.Process(pid)
        return None if _is_over(process) else _since_boot(pid) or process.create_time()
    except psutil.NoSuchProcess:
        return None


def _since_boot(pid: int) -> float | None:
    """None without `/proc`, or without this process."""
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except FileNotFoundError:
        return None
    after_name = stat[stat.rindex(b")") + 2 :].split()  # the name may hold spaces and brackets
    return int(after_name[START_TIME]) / os.sysconf("SC_CLK_TCK")


def _is_over(process: "psutil.Process") -> bool:
    """A zombie with several threads has not ended: they still hold its ports and files."""
    return process.status() == "zombie" and process.num_threads() <= 1
