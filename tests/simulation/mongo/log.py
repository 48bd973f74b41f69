"""The replicated log: what is written, what a majority has, and what an election takes back.

In:       writes, in their order.
Out:      places in the log; how far a majority is; when it will have the last write.
Promise:  what a majority has is never rolled back.
"""

import asyncio
from collections import deque
from random import Random
from typing import Final

MAJORITY_S: Final = (0.0005, 0.004)
"""Until a majority has a write, shortest and longest."""
NEVER: Final = float("inf")


class Log:
    """The places of writes, and when a majority has each."""

    def __init__(self, random: Random) -> None:
        self.last = 0
        """The place of the newest write."""
        self.late_s = 0.0
        """How much longer a majority takes at the moment."""
        self.has_majority = True
        self._random = random
        self._known = 0
        self._on_the_way: deque[tuple[int, float]] = deque()
        self._changed: list[asyncio.Future[None]] = []

    def append(self, now_s: float) -> int:
        """A write; its place."""
        self.last += 1
        after_s = NEVER
        if self.has_majority:
            last_s = self._on_the_way[-1][1] if self._on_the_way else 0.0
            after_s = max(last_s, now_s + self._random.uniform(*MAJORITY_S) + self.late_s)
        self._on_the_way.append((self.last, after_s))
        return self.last

    def majority(self, now_s: float) -> int:
        """The place up to which a majority has everything."""
        while self._on_the_way and self._on_the_way[0][1] <= now_s:
            self._known = self._on_the_way.popleft()[0]
        return self._known

    def after_s(self, place: int, now_s: float) -> float:
        """Seconds until a majority has everything up to a place."""
        if self.majority(now_s) >= place:
            return 0.0
        return next((at_s for there, at_s in self._on_the_way if there >= place), now_s) - now_s

    def changed(self) -> "asyncio.Future[None]":
        """Set when a majority is there again."""
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        return future

    def lose_majority(self) -> None:
        """Nothing more is confirmed."""
        self.has_majority = False
        self._on_the_way = deque((place, NEVER) for place, _ in self._on_the_way)

    def regain_majority(self, now_s: float) -> None:
        """What was written meanwhile is confirmed soon."""
        self.has_majority = True
        soon_s = now_s + self._random.uniform(*MAJORITY_S)
        self._on_the_way = deque((place, soon_s) for place, _ in self._on_the_way)
        changed, self._changed = self._changed, []
        for future in changed:
            if not future.done():
                future.set_result(None)

    def cut(self, place: int, now_s: float) -> None:
        """A new primary has everything up to a place, and nothing after it. Places are not given twice.

        It begins with an entry of its own, which a majority confirms like any other.
        """
        kept = max(place, self.majority(now_s))
        self._on_the_way = deque((there, at_s) for there, at_s in self._on_the_way if there <= kept)
        self.regain_majority(now_s)
        self.append(now_s)
