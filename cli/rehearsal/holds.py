"""Reservations that a rehearsal holds: the oldest is assigned or released first.

In:       numbers of reserves, as they are answered.
Out:      the number of one that is still held.
Promise:  12 bytes a reservation. One that may have expired before its turn is not given out.
"""

from array import array
from typing import Final

HOLD_S: Final = 600
KEPT_S: Final = 540
"""An assign waits in a queue too, and must come before the hold ends."""


class Holds:
    """First in, first out."""

    def __init__(self) -> None:
        self._numbers = array("I")
        self._since_s = array("d")
        self._next = 0

    def add(self, number: int, now_s: float) -> None:
        """A reservation was made."""
        self._numbers.append(number)
        self._since_s.append(now_s)

    def take(self, now_s: float) -> int | None:
        """The oldest one; None if nothing is held."""
        while self._next < len(self._numbers):
            number, since_s = self._numbers[self._next], self._since_s[self._next]
            self._next += 1
            if now_s - since_s < KEPT_S:
                return number
        return None
