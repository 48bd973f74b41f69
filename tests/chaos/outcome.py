"""What a storm ends with: the violations, then one line of figures.

In:       violations of the checker, and of the storm's own rules.
Out:      lines of text without a code's value.

The storm's own rules:

| rule | broken if |
|---|---|
| `not_quiet` | something was not done long after the last fault |
| `acknowledged_lost` | a request that the broker acknowledged is not in the log |
| `read_differs` | a reader during the storm got a record that is not in the log at its end, or skipped a record |
| `view_differs` | an inventory view shows other counts than the database |
| `ended_badly` | a process ended by itself, or did not obey SIGTERM |
| `code_in_log` | the log of a role has a code |
| `not_spread` | on a sharded cluster: all codes are on one shard at the end |
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.files import SECRET
from tests.chaos.nodes import NODE
from tests.chaos.options import Options
from tests.checking.violation import Violation

SHOWN_MAX: Final = 10
"""Of each rule."""
VIOLATIONS: Final = "violations.txt"
FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "lost": frozenset(
        {"acknowledged_lost", "assign_lost_in_time", "assigned_event_missing", "code_lost", "dead_letter_missing"}
    ),
    "doubled": frozenset(
        {
            "answered_twice",
            "assigned_event_twice",
            "code_twice",
            "dead_letter_twice",
            "different_answers",
            "import_answered_twice",
            "import_ends_differ",
            "two_decisions",
        }
    ),
    "double_holders": frozenset({"two_holders", "assigned_code_moved"}),
    "drift": frozenset(
        {
            "code_status",
            "import_sums",
            "negative_count",
            "shard_differs_from_events",
            "shard_unbalanced",
            "shard_version_gap",
            "shard_version_twice",
            "shards_differ_from_codes",
            "view_differs",
        }
    ),
    "unanswered": frozenset({"import_unanswered", "late_answer", "not_quiet", "unanswered", "uncommitted"}),
}
"""What the last line counts, by rule; any other rule is counted as `other`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One storm."""

    options: Options
    environment: Mapping[str, str]
    """Of its roles: the names of its topics, groups and database."""
    folder: Path
    requests: int
    faults: int
    violations: Sequence[Violation]
    repeated: int
    """Records that a reader saw again, with the same `ce_id`; only `at_least_once` allows them."""
    seconds: float

    def lines(self) -> Iterator[str]:
        """Everything that is wrong, then the figures."""
        shown: Counter[str] = Counter()
        for violation in self.violations:
            shown[violation.rule] += 1
            if shown[violation.rule] <= SHOWN_MAX:
                yield str(violation)
        for rule, count in shown.items():
            if count > SHOWN_MAX:
                yield f"{rule}: {count - SHOWN_MAX} more, see {VIOLATIONS}"
        yield f"logs and schedule: {self.folder}"
        yield self.last_line()

    def keep(self) -> None:
        """Write all violations beside the logs."""
        text = "".join(f"{violation}\n" for violation in self.violations)
        (self.folder / VIOLATIONS).write_text(text)

    def last_line(self) -> str:
        """The figures."""
        family_of = {rule: family for family, rules in FAMILIES.items() for rule in rules}
        counts = Counter(family_of.get(violation.rule, "other") for violation in self.violations)
        figures = {
            "seed": self.options.seed,
            "requests": self.requests,
            "faults": self.faults,
            **{family: counts[family] for family in (*FAMILIES, "other")},
            **({"repeated": self.repeated} if self.options.guarantee == "at_least_once" else {}),
            "seconds": round(self.seconds),
        }
        return "chaos: " + " ".join(f"{name}={value}" for name, value in figures.items())


def leaks(folder: Path) -> list[Violation]:
    """Logs of roles that have a code. A mongod logs the values of slow statements, and is no role."""
    secret = SECRET.encode()
    logs = [log for log in sorted(folder.glob("*.log")) if not log.name.startswith(NODE)]
    found = [log.name for log in logs if secret in log.read_bytes()]
    return [Violation("code_in_log", (name,), "no code", "a code") for name in found]
