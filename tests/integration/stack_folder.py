"""A local stack in a folder of a test's own: its processes, its database, a database program that fails.

Out: `pids`, `kill`, `running_below`, `until_a_part_runs`; `mongo`; `use_a_mongod`.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import MongoClient

from devstack import Stack

WAIT_MAX_S = 30


def pids(stack: Stack) -> dict[str, int]:
    """Each part's pid."""
    return {part.name: part.pid for part in stack.parts}


def kill(stack: Stack, name: str) -> None:
    """Kill a part, and wait until its process has ended."""
    record = next(part for part in stack.parts if part.name == name)
    os.kill(record.pid, signal.SIGKILL)
    deadline = time.monotonic() + WAIT_MAX_S
    while record.is_running and time.monotonic() < deadline:
        time.sleep(0.02)


def use_a_mongod(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a `mongod` on the PATH that runs this script when it starts, and never answers."""
    (folder / "mongod").write_text(f"#!/bin/sh\n[ $1 = --version ] || {{ {script}; }}\n")
    (folder / "mongod").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)


def mongo(stack: Stack) -> MongoClient[dict[str, Any]]:
    """A client of the stack's database."""
    return MongoClient(stack.environment()["CODES_MONGO__URI"])


def running_below(folder: Path) -> list[str]:
    """The commands of processes that work in the stack's folder: its parts and their helpers."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


def until_a_part_runs(folder: Path) -> None:
    """Wait until `up` has started a part."""
    deadline = time.monotonic() + WAIT_MAX_S
    while time.monotonic() < deadline:
        path = folder / "state.json"
        if path.is_file() and json.loads(path.read_text())["parts"]:
            return
        time.sleep(0.05)
    pytest.fail("no part was started")
