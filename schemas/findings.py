"""What `codes migrate --check` reports about settings that weaken the promise.

Out: `Finding`, and the three degrees, the gravest first.
"""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["breaks the promise", "weakens it", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("breaks the promise", "weakens it", "note")
"""`breaks the promise`: a request may be lost or decided twice in normal operation, or after one node's failure.
`weakens it`: the same after a second failure, a long outage or an operator's mistake; or the service stops.
`note`: not a defect by itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting that is not as it should be in production."""

    severity: Severity
    kind: str
    """`topic`, `broker`, `database` or `setting`."""
    name: str
    setting: str
    value: str
    why: str
    remedy: str
    """What to set."""
