"""Signals that end the demo, and the moments in which they must wait.

Out:      `as_one`: SIGTERM and SIGHUP do what Ctrl-C does. `deferred`: none of them disturbs the clearing up.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

OTHERS: Final = (signal.SIGTERM, signal.SIGHUP)
ALL: Final = (signal.SIGINT, *OTHERS)


@contextmanager
def as_one() -> Iterator[None]:
    """Inside, every signal that ends a program is a KeyboardInterrupt, or a cancellation in an event loop."""
    before = {number: signal.signal(number, interrupt) for number in OTHERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Inside, none of them does anything: what is under way is the end already, and it has limits of its own."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ALL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """As if somebody had pressed Ctrl-C."""
    signal.raise_signal(signal.SIGINT)
