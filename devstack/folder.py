"""The stack's folder: its data, its logs and the state of its parts.

In:       a folder, `CODES_DEV_DIR`, or neither.
Out:      a Layout with all paths inside.
Promise:  no part writes outside of it. Only the holder of `locked` starts and stops parts.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devstack.errors import StackBusyError

Report = Callable[[str], None]

LOCK_WAIT_S = 180
"""Longer than a first start: the second of two `up` joins the stack that the first started."""
LOCK_POLL_S = 0.1


@dataclass(frozen=True)
class Layout:
    """The paths inside the stack's folder."""

    root: Path

    @property
    def state(self) -> Path:
        """The state of the parts."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Locked while parts start or stop."""
        return self.root / "lock"

    @property
    def class_path(self) -> Path:
        """The record of Kafka's jars, for later starts."""
        return self.root / "class-path.json"

    def data(self, name: str) -> Path:
        """The data folder of a part or an engine; created if missing.

        The data of an unfinished first start is deleted: no part could read it.
        """
        path = self.root / "data" / name
        begun = begun_mark(path)
        if begun.exists():
            shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            begun.touch()
            path.mkdir()
        return path

    def log(self, name: str) -> Path:
        """The log file of a part."""
        return self.root / "logs" / f"{name}.log"

    def wipe(self) -> None:
        """Delete data, logs and ports. The record of the jars stays, because fetching is slow."""
        for name in ("data", "logs"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        self.state.unlink(missing_ok=True)


def begun_mark(data: Path) -> Path:
    """A file that exists beside a part's data until the part has answered for the first time."""
    return data.with_name(f"{data.name}.begun")


def layout_of(folder: Path | None) -> Layout:
    """The layout of a folder, of `CODES_DEV_DIR`, or of `.stack` in the project."""
    chosen = folder or Path(os.environ.get("CODES_DEV_DIR") or project_root() / ".stack")
    return Layout(chosen.absolute())


def project_root() -> Path:
    """The checkout of this package; for an installed package, the working directory."""
    checkout = Path(__file__).parents[1]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


@contextmanager
def locked(layout: Layout, report: Report) -> Iterator[None]:
    """Hold the lock for starting and stopping parts in this folder.

    Raises:
        StackBusyError: another command held the lock for `LOCK_WAIT_S`.
    """
    layout.root.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("w") as file:
        if not _take(file):
            report("waiting for another `codes dev` command on this stack")
            _wait_for(file, layout)
        yield


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(file: IO[str], layout: Layout) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while not _take(file):
        if time.monotonic() > deadline:
            raise StackBusyError(
                f"another `codes dev` command has held {layout.lock} for {LOCK_WAIT_S} s; end it first"
            )
        time.sleep(LOCK_POLL_S)
