"""Starts processes of `codes` by forking: everything is imported once, and not by each of hundreds of processes.

In:       requests on the socket whose file descriptor is the first argument: arguments, environment, folder, and the
          three standard files.
Out:      a process for each request, as `python -m cli.main` would be; its pid.
Promise:  a process inherits nothing but what is imported. It ends as any Python process does.
"""

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from io import TextIOWrapper
from types import ModuleType
from typing import Final

from cli.start import finish, handle_interrupts

REQUEST_BYTES_MAX: Final = 1 << 20
STANDARD_FILES: Final = 3
STANDARD_ERROR: Final = 2
PRELOADED: Final = ("roles", "cli.commands", "cli.jobs", "cli.demo", "web", "audit", "stores.mongo", "stores.s3")


def preload() -> ModuleType:
    """Import what roles and commands use; they import some of it only when they run."""
    for name in PRELOADED:
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            importlib.import_module(module.name)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child is interrupted once it handles that
    assert 1 == threading.active_count()  # a thread does not survive a fork, but its locks do
    gc.freeze()
    return importlib.import_module("cli.main")


def serve(requests: socket.socket) -> Sequence[str]:
    """Fork until the tests close the socket; returns in each new process, with its arguments."""
    while True:
        request, files, _, _ = socket.recv_fds(requests, REQUEST_BYTES_MAX, STANDARD_FILES)
        if not request:
            os._exit(0)
        pid = fork_orphan()
        if pid is None:
            requests.close()
            return become(json.loads(request), files)
        for file in files:
            os.close(file)
        requests.send(str(pid).encode())


def fork_orphan() -> int | None:
    """The new process's pid; None in that process. The process between the two ends: the tests' process adopts it."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(writing)
            return None
        os.write(writing, str(pid).encode())
        os._exit(0)
    os.close(writing)
    pid = int(os.read(reading, 32))
    os.close(reading)
    os.waitpid(between, 0)
    return pid


def become(request: dict[str, object], files: Sequence[int]) -> Sequence[str]:
    """Be the process that was requested."""
    if request["new_session"]:
        os.setsid()
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]  # JSON
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = map(standard_stream, range(STANDARD_FILES))
    return [str(word) for word in request["arguments"]]  # type: ignore[attr-defined]  # JSON


def standard_stream(number: int) -> TextIOWrapper:
    """A stream as Python creates it; the server's own remember the kind of file that they were created on."""
    file = open(number, "wb" if number else "rb", closefd=False)  # noqa: SIM115  # it stays open
    errors = "backslashreplace" if number == STANDARD_ERROR else None
    line_buffering, write_through = file.isatty() or errors is not None, "PYTHONUNBUFFERED" in os.environ
    return TextIOWrapper(file, errors=errors, line_buffering=line_buffering, write_through=write_through)


if __name__ == "__main__":
    SOCKET = socket.socket(fileno=int(sys.argv[1]))
    PROGRAM = preload()
    SOCKET.send(b"ready")
    sys.argv = [str(PROGRAM.__file__), *serve(SOCKET)]
    sys.modules["__main__"] = PROGRAM  # whose name is in the usage lines
    handle_interrupts()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    finish(PROGRAM.main)
