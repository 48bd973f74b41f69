"""What an audit found, and what it could not judge.

Out:      `Finding`, `Findings`, `AuditReport`.
Promise:  none of them holds a code's value, and none grows with the deployment: what is beyond a limit is counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["lost", "doubled", "drift", "leak", "overdue", "wrong"]

FINDINGS_KEPT_MAX: Final = 1_000
"""Of each kind. A deployment with more of them has few causes, and every record may be a finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    kind: Kind
    """`lost`: something that must exist does not. `doubled`: something exists twice. `drift`: two accounts of the
    same thing differ, or a document cannot be read. `leak`: a code's value is where it must not be. `overdue`: codes
    are held long after their time. `wrong`: a request was refused that had to be granted."""
    what: str
    """A sentence that names ids."""


class Findings:
    """Keeps the first findings of each kind and counts the others."""

    def __init__(self, kept_max: int = FINDINGS_KEPT_MAX) -> None:
        """`kept_max` is for each kind."""
        self._kept_max = kept_max
        self._counts: Counter[Kind] = Counter()
        self.kept: list[Finding] = []

    def add(self, *findings: Finding) -> None:
        """Keep them, or count them."""
        for finding in findings:
            self._counts[finding.kind] += 1
            if self._counts[finding.kind] <= self._kept_max:
                self.kept.append(finding)

    @property
    def omitted(self) -> dict[Kind, int]:
        """How many of each kind were counted only."""
        return {kind: count - self._kept_max for kind, count in self._counts.items() if count > self._kept_max}


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals of what was read. `results` = reserved + assigned + released + expired + refused."""

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
    """At most `FINDINGS_KEPT_MAX` of each kind."""
    checked: tuple[str, ...]
    """What was compared, in sentences."""
    left_out: tuple[str, ...]
    """What was not looked at, and why."""
    not_judged: tuple[str, ...] = ()
    """`n requests, because …`: what was read and could not be judged."""
    findings_omitted: Mapping[Kind, int] = field(default_factory=dict)
    """How many more there are of each kind than `findings` has."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def count(self, kind: Kind) -> int:
        """Findings of a kind, those that were not kept included."""
        return Counter(finding.kind for finding in self.findings)[kind] + self.findings_omitted.get(kind, 0)
