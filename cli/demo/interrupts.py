"""Handling of the signals that end the demo.

Out:      `as_keyboard_interrupt`: SIGTERM and SIGHUP act like Ctrl-C. `ignored`: cleaning up is not interrupted.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from cli.interrupts import interruptible

OTHERS: Final = (signal.SIGTERM, signal.SIGHUP)
ALL: Final = (signal.SIGINT, *OTHERS)


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """In this context each of the signals raises KeyboardInterrupt, or cancels the running event loop's main task."""
    before = {number: signal.signal(number, interrupt) for number in OTHERS}
    try:
        with interruptible():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ignored() -> Iterator[None]:
    """In this context the signals have no effect: the demo is already ending, within its own time limits."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ALL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
