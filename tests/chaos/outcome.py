"""What a storm ends with: the violations, then one line of figures.

In:       a history, and what the storm itself has noticed.
Out:      lines of text without a code's value.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.files import SECRET
from tests.chaos.options import Options
from tests.checking.history import History

SHOWN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """One storm."""

    options: Options
    folder: Path
    history: History
    requests: int
    faults: int
    left: tuple[str, ...]
    """What was not done in time at the end."""
    problems: tuple[str, ...]
    """Ends of processes that nobody caused, acknowledged records that are not in the log, reads that differ, codes in
    logs."""
    seconds: float
    violations: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not (self.left or self.problems or self.violations)

    def lines(self) -> Iterator[str]:
        """Everything that is wrong, then the figures."""
        wrong = [*self.violations, *(f"not done: {what}" for what in self.left), *self.problems]
        yield from wrong[:SHOWN_MAX]
        if len(wrong) > SHOWN_MAX:
            yield f"and {len(wrong) - SHOWN_MAX} more"
        yield f"logs and schedule: {self.folder}"
        yield self.last_line()

    def last_line(self) -> str:
        counts = Counter(rule.partition(":")[0] for rule in self.violations)
        figures = {
            "seed": self.options.seed,
            "requests": self.requests,
            "faults": self.faults,
            "lost": counts["lost"],
            "unanswered": len(self.left),
        }
        return (
            "chaos: "
            + " ".join(f"{name}={value}" for name, value in figures.items())
            + f" seconds={self.seconds:.0f}"
        )


def leaks(folder: Path) -> Sequence[str]:
    """Logs of roles that contain a code."""
    secret = SECRET.encode()
    return [f"{log.name} contains a code" for log in sorted(folder.glob("*.log")) if secret in log.read_bytes()]
