"""Tests start `python -m cli.main` hundreds of times; this plugin has these processes forked from a loaded one.

In:       whatever starts `python -m cli.main` in the tests' own process, with `subprocess` or asyncio.
Out:      the same: a child of the tests' process, with the same arguments, environment and files.
Promise:  everything else is started as ever. `CODES_TEST_FORK=0` starts these processes as ever, too.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.places import ROOT

SWITCH: Final = "CODES_TEST_FORK"
PROGRAM: Final = [sys.executable, "-m", "cli.main"]
PR_SET_CHILD_SUBREAPER: Final = 36
EXECUTE: Final = subprocess.Popen._execute_child  # type: ignore[attr-defined]
STARTING: Final = threading.Lock()


class ForkServer:
    """`tests/forkserver.py`, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self, request: dict[str, Any], files: list[int]) -> int:
        """Have a process started; it is a child of this one."""
        with STARTING:
            requests = self._requests()
            with adopting():
                socket.send_fds(requests, [json.dumps(request).encode()], files)
                return int(requests.recv(32))

    def stop(self) -> None:
        """End it; the processes that it started go on."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait()

    def _requests(self) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._process = subprocess.Popen(  # noqa: S603  # this very Python
                [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=ROOT
            )
            theirs.close()
            assert b"ready" == ours.recv(32)
            self._socket = ours  # a test whose time ends before this line leaves the next one to start another server
        return self._socket


SERVER: Final = ForkServer()


@contextmanager
def adopting() -> Iterator[None]:
    """This process becomes the parent of the orphans among its grandchildren; and only now."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0)


def execute_child(process: Any, args: Any, *more: Any) -> None:
    """In place of the method of `subprocess.Popen`: fork `codes`, execute everything else."""
    executable, preexec_fn, _, pass_fds, folder, environment = more[:6]
    forked = isinstance(args, list | tuple) and PROGRAM == list(args[: len(PROGRAM)])
    if not forked or executable or preexec_fn or pass_fds:
        EXECUTE(process, args, *more)
        return
    pipes, new_session = more[9:15], more[20]
    request = {
        "arguments": [os.fspath(word) for word in args[len(PROGRAM) :]],
        "environment": dict(os.environ if environment is None else environment),
        "folder": os.fspath(folder or Path.cwd()),
        "new_session": new_session,
    }
    standard = (pipes[0], pipes[3], pipes[5])
    process.pid = SERVER.start(request, [number if file == -1 else file for number, file in enumerate(standard)])
    process._child_created = True
    process._close_pipe_fds(*pipes)


def pytest_configure() -> None:
    """Replace the method, also for asyncio, which uses `subprocess.Popen`."""
    if sys.platform == "linux" and os.environ.get(SWITCH) != "0":
        subprocess.Popen._execute_child = execute_child  # type: ignore[attr-defined]


def pytest_sessionfinish() -> None:
    """Stop it before the processes that are left behind are counted."""
    SERVER.stop()


def pytest_unconfigure() -> None:
    """Restore the method: pytest may go on in this process, for its own tests."""
    subprocess.Popen._execute_child = EXECUTE  # type: ignore[attr-defined]
