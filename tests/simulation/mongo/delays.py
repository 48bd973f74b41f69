"""How much longer operations take than they must: in the driver, before they are sent, and on the server.

In:   faults.
Out:  the seconds of the next operation.
"""

from random import Random


class Delays:
    """None at first."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._pool_s = (0.0, 0.0)
        self._selection_s = (0.0, 0.0)
        self._commands_s: dict[str | None, float] = {}

    def slow_pool(self, late_s: float, least_s: float | None = None) -> None:
        """Each operation waits so long for a connection, or between both figures; 0 ends it."""
        self._pool_s = (late_s if least_s is None else least_s, late_s)

    def slow_selection(self, late_s: float, least_s: float | None = None) -> None:
        """Each operation waits so long for a server, or between both figures; 0 ends it."""
        self._selection_s = (late_s if least_s is None else least_s, late_s)

    def slow(self, late_s: float, operation: str | None = None) -> None:
        """Commands of this name, or all, take so much longer; 0 ends it."""
        self._commands_s[operation] = late_s
        if not late_s:
            del self._commands_s[operation]

    def end(self) -> None:
        """Nothing is slow any more."""
        self._commands_s.clear()
        self.slow_pool(0.0)
        self.slow_selection(0.0)

    def pool_s(self) -> float:
        """How long an operation waits for a connection."""
        return self._random.uniform(*self._pool_s) if self._pool_s[1] else 0.0

    def selection_s(self) -> float:
        """How long an operation waits for a server."""
        return self._random.uniform(*self._selection_s) if self._selection_s[1] else 0.0

    def command_s(self, operation: str) -> float:
        """How much longer a command takes."""
        return self._commands_s.get(operation, self._commands_s.get(None, 0.0))
