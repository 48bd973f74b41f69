"""Each rule finds the history that breaks it; no other rule complains of that history."""

from dataclasses import replace
from typing import Final

import pytest

from tests.checking.check import check
from tests.unit.checking.forged_answers import FORGED_ANSWERS
from tests.unit.checking.forged_events import FORGED_EVENTS
from tests.unit.checking.forged_states import FORGED_STATES
from tests.unit.checking.forging import again, code_of, document, lost, recounted, says
from tests.unit.checking.stories import small

RESULT: Final = "results.v1"
FORGED: Final = FORGED_ANSWERS | FORGED_EVENTS | FORGED_STATES


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_history_breaks_the_rule_that_names_it(name: str) -> None:
    """One small edit of a good history, one rule."""
    rule, forge = FORGED[name]

    assert {rule} == {violation.rule for violation in check(forge(small().history()))}


def test_a_late_refusal_of_a_code_of_another_kind_is_found() -> None:
    """A code whose type changed after it was assigned: the result says another one, and so does its row."""
    good = small().history()
    forged = recounted(document(good, "codes", code_of(good, "r-5"), code_type="external"))

    assert {"code_of_other_kind", "code_type"} == {violation.rule for violation in check(forged)}


def test_at_least_once_allows_equal_repeats_only() -> None:
    """A result and an event may come again, with the same `ce_id`."""
    good = small("at_least_once").history()
    repeated = again(again(good, says(RESULT, request_id="r-1")), says("assigned.v1", request_id="g-3"))
    changed = again(good, says(RESULT, request_id="r-1"), decided_at="2026-06-01T12:00:00.000Z")

    assert [] == check(repeated)
    assert ["different_answers"] == [violation.rule for violation in check(changed)]


def test_after_a_fault_a_version_may_be_missing() -> None:
    """A worker that was killed between its commits may publish only the totals after the next batch."""
    good = replace(small().history(), last_fault_s=30.0)
    forged = lost(good, says("inventory.v1", shard="reserve.requests.v1.0", version=2))

    assert [] == check(forged)


def test_no_violation_has_the_value_of_a_code() -> None:
    """They are printed and kept."""
    texts = [str(violation) for _, forge in FORGED.values() for violation in check(forge(small().history()))]
    values = [f"A{number}" for number in range(1, 8)] + ["B1", "B2", "Z9"]

    assert [] == [text for text in texts for value in values if value in text]
