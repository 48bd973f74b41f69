"""A round of the canary has three requests, each with one right answer, and leaves the stock as it was."""

from typing import Any

import pytest

from cli.canary.steps import HOLD_S, Step, steps_of
from ops.publishing import default_key
from tests.fakes.builders import TM, body
from tests.fakes.kafka import Source
from tests.fakes.observer import ObservedFacts
from tests.fakes.serving import ServedPartition

ASSIGN, RELEASE = Source("assign.requests.v1", 0), Source("release.requests.v1", 0)


def answers(*steps: Step) -> list[dict[str, Any]]:
    """What a worker answers to the steps, one after the other."""
    reserve, assign, release = steps
    first = ServedPartition(reserve.request.to_json())
    others = [
        ServedPartition(step.request.to_json(), source=source, database=first.database, observer=ObservedFacts())
        for step, source in ((assign, ASSIGN), (release, RELEASE))
    ]
    for partition in (first, *others):
        partition.serve()
    return [body(record) for partition in (first, *others) for record in partition.visible()]


def test_a_worker_gives_the_expected_answers_and_no_code_is_gone() -> None:
    """The assign is a stranger's, so it takes nothing."""
    steps = steps_of(TM.campaign_id, "canary-1")

    results = answers(*steps)

    assert [("reserved", None), ("refused", "not_the_holder"), ("released", None)] == [
        (result["outcome"], result["reason"]) for result in results
    ]
    assert [True] * 3 == [step.is_right(result) for step, result in zip(steps, results, strict=True)]


@pytest.mark.parametrize(
    "answer",
    [
        {"outcome": "assigned", "reason": None},
        {"outcome": "refused", "reason": "reservation_not_found"},
        {"outcome": "refused", "reason": "campaign_closed"},
    ],
)
def test_any_other_answer_is_wrong(answer: dict[str, Any]) -> None:
    """Also a code that a stranger gets."""
    assert not steps_of("canary", "canary-1")[1].is_right(answer)


def test_each_round_has_fans_and_ids_of_its_own() -> None:
    """Fans are the records' keys, so rounds go to all partitions; a repeat would only be read from the ledger."""
    rounds = [steps_of("canary", f"canary-{number}") for number in range(5)]

    keys = {default_key(step.request) for steps in rounds for step in steps}
    assert (10, 15) == (len(keys), len({step.request.request_id for steps in rounds for step in steps}))
    assert HOLD_S >= 3 * 30
