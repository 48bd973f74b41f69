"""What an audit found, and what it looked at.

Out: `Finding`, `AuditReport`. Neither holds a code's value.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "doubled", "drift", "leak", "overdue", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    kind: Kind
    """`lost`: something that must be there is not. `doubled`: something is there twice. `drift`: two accounts of the
    same thing differ. `leak`: a code's value stands where it must not. `overdue`: codes are held long after their
    time. `wrong`: a request was refused that had to be granted."""
    what: str
    """A sentence that names ids."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What there was, by figures. `results` = reserved + assigned + released + expired + refused."""

    requests: int = 0
    """Records on the request topics, unreadable ones and the expirer's own included."""
    results: int = 0
    reserved: int = 0
    assigned: int = 0
    released: int = 0
    """By their holders."""
    expired: int = 0
    """Released by the expirer."""
    refused: int = 0
    dead_letters: int = 0
    codes: int = 0
    imports: int = 0
    """End events."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The verdict."""

    tally: Tally
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    """What was compared, in sentences."""
    left_out: tuple[str, ...]
    """What was not looked at, and why."""
    not_judged: tuple[str, ...] = ()
    """`n requests, because …`: what was looked at, and could not be judged."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def count(self, kind: Kind) -> int:
        """Findings of a kind."""
        return Counter(finding.kind for finding in self.findings)[kind]
