"""All rules of the contract on one history that has ended.

In:       what an outsider can read at its end.
Out:      violations. The rules are listed in the modules that check them; `RULES` has the modules.
Promise:  it knows the wire contract, and nothing of the service's code. Time and memory are linear in the history.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tests.checking.answers import Decision, match_answers
from tests.checking.assigned_events import check_assigned_events
from tests.checking.counts import check_counts
from tests.checking.dead_letters import check_dead_letters
from tests.checking.evidence import Evidence, evidence_of
from tests.checking.history import History
from tests.checking.holders import check_holders
from tests.checking.progress import check_progress
from tests.checking.violation import Violation

RULES: Final[tuple[Callable[[Evidence, Mapping[str, Decision]], Iterable[Violation]], ...]] = (
    lambda evidence, _: check_dead_letters(evidence),
    check_holders,
    check_assigned_events,
    lambda evidence, _: check_counts(evidence),
    lambda evidence, _: check_progress(evidence),
)


def check(history: History) -> list[Violation]:
    """Everything that is wrong with a history; nothing if it is as promised."""
    evidence = evidence_of(history)
    answers = match_answers(evidence)
    found = list(answers.violations)
    for rule in RULES:
        found += rule(evidence, answers.decisions)
    return found
