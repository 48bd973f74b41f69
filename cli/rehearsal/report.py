"""A rehearsal as one JSON object, with the keys of docs/scripting.md.

In:       the plan, the journal, the sender's lateness, the lag.
Out:      `Report`.
Promise:  pure; a time that is not known is null, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cli.rehearsal.journal import INTERVAL_S, Journal
from cli.rehearsal.plan import Plan
from cli.rehearsal.tally import Tally
from cli.rehearsal.times import Times
from cli.rehearsal.verdict import Sender, Verdict, judged
from schemas.base import Operation, rfc3339
from schemas.objective_settings import ObjectiveSettings

Json = dict[str, Any]

SHARES: Final = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99}
DIGITS: Final = 3


@dataclass(slots=True)
class LagSeen:
    """The most that was seen; None: it could not be read."""

    records_max: int | None = None
    age_s_max: float | None = None

    def add(self, records: int, age_s: float) -> None:
        """One look at all partitions."""
        self.records_max = max(self.records_max or 0, records)
        self.age_s_max = max(self.age_s_max or 0.0, age_s)


@dataclass(slots=True)
class Rehearsed:
    """All that is known at the end."""

    plan: Plan
    journal: Journal
    objective: ObjectiveSettings
    began_at: datetime
    lateness: Times = field(default_factory=Times)
    """How late each request was sent."""
    left_out: Mapping[Operation, int] = field(default_factory=dict)
    lag: LagSeen = field(default_factory=LagSeen)

    def verdict(self) -> Verdict:
        """See `cli.rehearsal.verdict`."""
        sender = Sender(self.plan.requests, sum(self.left_out.values()), self.lateness.within(SHARES["p99_s"]))
        return judged(self.objective, self.journal.total, sender)


def report_of(found: Rehearsed) -> Json:
    """All of it."""
    journal, verdict = found.journal, found.verdict()
    intervals = [interval_of(number, tally) for number, tally in sorted(journal.by_interval.items())]
    return {
        "outcome": verdict.outcome,
        "doubts": list(verdict.doubts),
        "campaign_id": found.plan.campaign_id,
        "shape": found.plan.shape.name,
        "rate": found.plan.rate,
        "run_id": journal.run_id,
        "began_at": rfc3339(found.began_at),
        "planned": found.plan.requests,
        "repeats": journal.repeats,
        "surplus": journal.surplus,
        **counts_of(journal.total),
        **times_of(journal.total.times),
        "objective": objective_of(found.objective, verdict),
        "operations": [
            {
                "operation": operation,
                "planned": found.plan.counts[operation],
                "left_out": found.left_out.get(operation, 0),
                **counts_of(tally),
                **times_of(tally.times),
            }
            for operation, tally in journal.by_operation.items()
        ],
        "worst_interval": min(intervals, key=badness, default=None),
        "intervals": intervals,
        "sender": sender_of(found),
        "lag": {"records_max": found.lag.records_max, "age_s_max": rounded(found.lag.age_s_max)},
        "clean_up": clean_up(found.plan.campaign_id),
    }


def counts_of(tally: Tally) -> Json:
    """Of all requests, or of one operation."""
    return {
        "sent": tally.sent,
        "answered": tally.answered,
        "unanswered": tally.sent - tally.answered,
        "refused": dict(tally.refused.most_common()),
        "within_percent": round(tally.within_percent, DIGITS),
    }


def times_of(times: Times) -> Json:
    """Percentiles of the answers that came."""
    return {
        **{name: rounded(times.within(share)) for name, share in SHARES.items()},
        "max_s": rounded(times.max_s) if times.count else None,
    }


def objective_of(objective: ObjectiveSettings, verdict: Verdict) -> Json:
    """What was to be reached, and what was."""
    return {
        "answer_within_s": objective.answer_within_s,
        "answer_percent": objective.answer_percent,
        "is_met": verdict.is_met,
        "within_s": rounded(verdict.within_s),
        "margin_s": rounded(verdict.margin_s),
    }


def interval_of(number: int, tally: Tally) -> Json:
    """Ten seconds, by arrival."""
    return {"from_s": number * INTERVAL_S, **counts_of(tally), **times_of(tally.times)}


def badness(interval: Json) -> tuple[float, float]:
    """The smallest share in time, then the slowest answer."""
    return interval["within_percent"], -(interval["max_s"] or 0.0)


def sender_of(found: Rehearsed) -> Json:
    """How well it kept the pace."""
    return {
        "late_p99_s": rounded(found.lateness.within(SHARES["p99_s"])),
        "late_max_s": rounded(found.lateness.max_s) if found.lateness.count else None,
        "left_out": sum(found.left_out.values()),
        "unacknowledged": found.journal.unacknowledged,
    }


def clean_up(campaign_id: str) -> list[str]:
    """The commands that remove what a rehearsal leaves."""
    return [f"codes campaigns close {campaign_id}", f"codes campaigns purge {campaign_id} --confirm {campaign_id}"]


def rounded(seconds: float | None) -> float | None:
    """To milliseconds."""
    return None if seconds is None else round(seconds, DIGITS)
