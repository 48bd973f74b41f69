"""Whether a rehearsal met the objective, and whether it says anything about it.

In:       the objective; all requests; how late the sender was, what it left out.
Out:      `Verdict`.
Promise:  pure. A sender that was late is never taken for a slow service: then nothing is judged.
"""

from dataclasses import dataclass
from typing import Final, Literal

from cli.rehearsal.tally import Tally
from schemas.objective_settings import ObjectiveSettings

Outcome = Literal["met", "missed", "not_judged"]
Doubt = Literal["nothing_sent", "sender_late", "left_out", "refused"]

LATE_SHARE: Final = 0.1
"""Of the objective's time: the sender may be so late in 99 of 100 requests."""
LEFT_OUT_SHARE: Final = 0.05
REFUSED_SHARE: Final = 0.01
"""More refusals than that are another sale: a refusal costs less than a code that moves."""
EXACT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Sender:
    """What the sender did, apart from what it sent."""

    planned: int
    left_out: int
    late_p99_s: float | None
    """None: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The objective, compared."""

    outcome: Outcome
    is_met: bool
    within_percent: float
    within_s: float | None
    """The time in which the objective's share of all requests was answered; None: fewer were answered at all."""
    margin_s: float | None
    """The objective's time without that."""
    doubts: tuple[Doubt, ...] = ()


def judged(objective: ObjectiveSettings, total: Tally, sender: Sender) -> Verdict:
    """The verdict of all requests; one without an answer missed the objective."""
    is_met = total.in_time * 100 >= objective.answer_percent * total.sent - EXACT
    within_s = total.times.within(objective.answer_percent / 100, of=total.sent)
    doubts = doubts_of(objective, total, sender)
    return Verdict(
        outcome=outcome_of(is_met, doubts),
        is_met=is_met,
        within_percent=total.within_percent,
        within_s=within_s,
        margin_s=None if within_s is None else objective.answer_within_s - within_s,
        doubts=doubts,
    )


def outcome_of(is_met: bool, doubts: tuple[Doubt, ...]) -> Outcome:
    """A sale with fewer requests than planned may miss the objective, but shows nothing when it meets it."""
    if {"nothing_sent", "sender_late"}.intersection(doubts):
        return "not_judged"
    if not is_met:
        return "missed"
    return "not_judged" if doubts else "met"


def doubts_of(objective: ObjectiveSettings, total: Tally, sender: Sender) -> tuple[Doubt, ...]:
    """Why this was not the rehearsal that was planned."""
    if sender.late_p99_s is None:
        return ("nothing_sent",)
    found: dict[Doubt, bool] = {
        "sender_late": sender.late_p99_s > LATE_SHARE * objective.answer_within_s,
        "left_out": sender.left_out > LEFT_OUT_SHARE * sender.planned,
        "refused": total.refused.total() > REFUSED_SHARE * total.sent,
    }
    return tuple(doubt for doubt, is_so in found.items() if is_so)
