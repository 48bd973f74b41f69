"""Progress of the demo on standard error: bars in a terminal, otherwise plain lines.

In:       steps, and the progress of each.
Out:      text for people.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

LINE_EVERY_S: Final = 2.0
"""Minimum interval between two plain lines of a step, in seconds."""


class Screen:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._start_s = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    @property
    def seconds(self) -> float:
        """Seconds since the demo started."""
        return time.monotonic() - self._start_s

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The bars are visible in this context."""
        if not self._console.is_terminal:
            yield
            return
        with self._progress:
            yield

    def say(self, message: str) -> None:
        """Print a line above the bars."""
        self._console.print(f"{self.seconds:6.1f} s  {message}", markup=False, highlight=False, soft_wrap=True)

    def step(self, name: str, total: int = 1) -> "Step":
        """Start a step with `total` parts."""
        if self._console.is_terminal:
            return Step(self, name, total, self._progress, self._progress.add_task(name, total=total))
        return Step(self, name, total, None, TaskID(0))


class Step:
    """A progress bar, or occasional lines without a terminal."""

    def __init__(self, screen: Screen, name: str, total: int, progress: Progress | None, task: TaskID) -> None:
        self._screen = screen
        self._name = name
        self._total = total
        self._progress = progress
        self._task = task
        self._said_at_s = 0.0
        self._said = -1

    def reached(self, done: int) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done)
        elif done != self._said and (done >= self._total or self._is_time()):
            self._said_at_s, self._said = time.monotonic(), done
            self._screen.say(self._name if self._total == 1 else f"{self._name}: {done} of {self._total}")

    def done(self) -> None:
        self.reached(self._total)

    def _is_time(self) -> bool:
        return time.monotonic() - self._said_at_s >= LINE_EVERY_S
