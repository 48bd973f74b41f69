"""The time that an operation of the driver may take (`timeoutMS`, `pymongo.timeout`), on virtual time.

In:   the client's time-out, and the context that `pymongo.timeout` sets.
Out:  `Deadline` of an operation; `SimulatedTimeoutContext`, which stands in for pymongo's.
"""

import asyncio
from types import TracebackType
from typing import Any, Final

from pymongo import _csot

FOREVER: Final = float("inf")


class SimulatedTimeoutContext(_csot._TimeoutContext):
    """As pymongo's: the shorter of two nested time-outs holds."""

    def __enter__(self) -> None:
        now_s = asyncio.get_running_loop().time()
        until_s = now_s + self._timeout if self._timeout else FOREVER
        self._tokens: Any = (
            _csot.TIMEOUT.set(self._timeout),
            _csot.DEADLINE.set(min(_csot.DEADLINE.get(), until_s)),
            _csot.RTT.set(0.0),
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)


class Deadline:
    """Until when an operation may take."""

    __slots__ = ("until_s",)

    def __init__(self, client_timeout_s: float | None) -> None:
        timeout_s = _csot.get_timeout()
        if timeout_s is None:
            own = client_timeout_s
            self.until_s = FOREVER if not own else min(_csot.get_deadline(), asyncio.get_running_loop().time() + own)
        else:
            self.until_s = _csot.get_deadline() if timeout_s else FOREVER

    @property
    def left_s(self) -> float:
        """Seconds that are left; less than 0 if it is over."""
        return self.until_s - asyncio.get_running_loop().time()

    @property
    def is_limited(self) -> bool:
        """Whether there is one."""
        return self.until_s != FOREVER
