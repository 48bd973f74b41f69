"""Where the stack lives: one folder that holds its data, its logs and what is known of its parts.

In:       a folder somebody names, `CODES_DEV_DIR`, or neither.
Out:      a Layout, with the place of everything inside.
Promise:  no part writes outside of it. While somebody holds `locked`, nobody else starts or stops parts.
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
"""Longer than a first start takes: the second of two `up` joins what the first one started."""
LOCK_POLL_S = 0.1


@dataclass(frozen=True)
class Layout:
    """The places inside the stack's folder."""

    root: Path

    @property
    def state(self) -> Path:
        """What is known of the parts."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Held while parts are started or stopped."""
        return self.root / "lock"

    @property
    def class_path(self) -> Path:
        """Where Kafka's jars were found, so that later starts need not look for them."""
        return self.root / "class-path.json"

    def data(self, name: str) -> Path:
        """Return the folder of a part's (or an engine's) data; it is made when missing.

        What a first start left unfinished is thrown away: no part would read it.
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
        """Return the file of a part's log."""
        return self.root / "logs" / f"{name}.log"

    def wipe(self) -> None:
        """Forget data, logs and ports. The class path stays: it is no data, and slow to find."""
        for name in ("data", "logs"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        self.state.unlink(missing_ok=True)


def begun_mark(data: Path) -> Path:
    """Stands beside a part's data until the part has answered for the first time."""
    return data.with_name(f"{data.name}.begun")


def layout_of(folder: Path | None) -> Layout:
    """Say where the stack is: the folder named, else `CODES_DEV_DIR`, else `.stack` of the project."""
    chosen = folder or Path(os.environ.get("CODES_DEV_DIR") or project_root() / ".stack")
    return Layout(chosen.absolute())


def project_root() -> Path:
    """Find the checkout this package is run from; where it is installed, the working directory stands in."""
    checkout = Path(__file__).parents[1]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


@contextmanager
def locked(layout: Layout, report: Report) -> Iterator[None]:
    """Be the only one who starts and stops parts here.

    Raises:
        StackBusyError: somebody else held the lock for `LOCK_WAIT_S`.
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
