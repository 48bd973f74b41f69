"""For how long a topic that failed repeatedly gets no copies.

In:   failures, instants on a monotonic clock.
Out:  `Refusal`: whether a batch may try the topic now.
"""

from dataclasses import dataclass
from typing import Final

FAILURES_MAX: Final = 2
"""In a row; then the topic is refused. One failure may be a broker that restarts."""
REFUSED_FOR_S: Final = 30.0
"""At first; it doubles each time that the topic fails again."""
REFUSED_FOR_S_MAX: Final = 600.0


@dataclass(slots=True)
class Refusal:
    """Lives from a topic's first failure to its next success."""

    failures: int = 0
    """In a row."""
    for_s: float = 0.0
    """0: it is not refused."""
    since_s: float = 0.0
    is_tried: bool = False
    """The while is over, and one batch tries to send there."""

    @property
    def until_s(self) -> float:
        """When it may be tried again."""
        return self.since_s + self.for_s

    def failed(self, now_s: float, *, at_once: bool = False) -> bool:
        """Count a failure. True if the topic is refused from now on, for the first time or for longer.

        Batches that were under way when it was refused fail too: only a failed try makes it last longer.
        """
        self.failures += 1
        if self.failures < FAILURES_MAX and not at_once:
            return False
        if self.for_s and not self.is_tried:
            return False
        self.for_s = min(max(self.for_s * 2, REFUSED_FOR_S), REFUSED_FOR_S_MAX)
        self.since_s, self.is_tried = now_s, False
        return True

    def may_try(self, now_s: float) -> bool:
        """Whether a batch may send there."""
        return not self.for_s or now_s >= self.until_s

    def tried(self, now_s: float) -> None:
        """A batch sends there: if the topic was refused, all others wait for how that goes."""
        if self.for_s:
            self.since_s, self.is_tried = now_s, True
