"""Ctrl-C and closed pipes: what the commands do about them.

In:       SIGINT; a standard output whose reader has gone.
Out:      `run`, in place of `asyncio.run`; `interruptible`, for other code that has something to clean up.
Promise:  outside of both, Ctrl-C ends the process at once and silently: there is nothing to clean up. Python's own
          handler would raise in the middle of an import, or in a callback that prints a traceback.
"""

import asyncio
import os
import signal
import stat
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, TypeVar

from cli.start import leave_interrupted

CLEAN_UP_S: Final = 2.0
"""Time for a command to close its clients after Ctrl-C. A client whose server is unavailable may take much longer."""
STDOUT: Final = 1

T = TypeVar("T")


@contextmanager
def interruptible() -> Iterator[None]:
    """In this context Ctrl-C raises KeyboardInterrupt. Import what the context needs before it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(
    work: Coroutine[Any, Any, T],
    *,
    clean_up_s: float | None = CLEAN_UP_S,
    ends_with_pipe: bool = False,
) -> T:
    """Run a coroutine to its end. Ctrl-C cancels it; the process ends at the second, or after `clean_up_s`.

    Args:
        work: the coroutine.
        clean_up_s: None: no limit, and a second Ctrl-C changes nothing; for work that must not leave something
            behind.
        ends_with_pipe: also end it as soon as nobody reads standard output, and not only at the next write.

    Raises:
        KeyboardInterrupt: it was interrupted, and has cleaned up.
        BrokenPipeError: nobody reads standard output any more.
    """
    with asyncio.Runner() as runner:
        task = runner.get_loop().create_task(work)
        running = Running(task, clean_up_s)
        with running.handling_interrupts(), running.watching_pipe(ends_with_pipe):
            runner.get_loop().run_until_complete(asyncio.wait([task]))
        if running.is_interrupted:
            raise KeyboardInterrupt
        if running.is_pipe_closed:
            raise BrokenPipeError
        return task.result()


@dataclass(slots=True)
class Running:
    task: "asyncio.Task[Any]"
    clean_up_s: float | None
    is_interrupted: bool = False
    is_pipe_closed: bool = False

    @contextmanager
    def handling_interrupts(self) -> Iterator[None]:
        """A background process of a shell has SIGINT ignored, and keeps that."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def watching_pipe(self, is_wanted: bool) -> Iterator[None]:
        if not is_wanted or not stat.S_ISFIFO(os.fstat(STDOUT).st_mode):
            yield
            return
        loop = self.task.get_loop()
        loop.add_reader(STDOUT, self._close)  # a pipe's write end becomes readable only when its reader closes it
        try:
            yield
        finally:
            loop.remove_reader(STDOUT)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.clean_up_s is not None:
            if self.is_interrupted:
                leave_interrupted()
            end = threading.Timer(self.clean_up_s, leave_interrupted)
            end.daemon = True
            end.start()
        self.is_interrupted = True
        self.task.get_loop().call_soon_threadsafe(self.task.cancel)

    def _close(self) -> None:
        self.task.get_loop().remove_reader(STDOUT)
        self.is_pipe_closed = True
        self.task.cancel()
