"""A seed is one history: the same steps in any process, whatever ran there before."""

import json
import os
import subprocess
import sys
from typing import Any, Final

import pytest

from tests.simulation.plan import Plan, plan_of
from tests.simulation.seeds import ENVIRONMENT

TIMEOUT_S: Final = 300
"""Far more than the few seconds that they take: a machine may have much else to do."""
FEW_FANS: Final = 80
KILLS: Final = {"kill", "kill_at_step"}


def is_short_with_kills(plan: Plan) -> bool:
    """Few fans, and several kills."""
    return len(plan.fans) < FEW_FANS and sum(fault.kind in KILLS for fault in plan.faults) > 2


WITH_KILLS: Final = next(seed for seed in range(1, 100) if is_short_with_kills(plan_of(seed)))
"""A short history in which processes are killed: their coroutines are collected at any time afterwards."""
OTHER: Final = WITH_KILLS + 1
PROGRAM: Final = """
import dataclasses, json, sys
from tests.simulation.verdicts import verdict_of
for seed in map(int, sys.argv[1:]):
    print(json.dumps(dataclasses.asdict(verdict_of(seed))))
"""


def verdicts(*seeds: int) -> dict[int, dict[str, Any]]:
    """What a new process finds, seed after seed."""
    done = subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, "-c", PROGRAM, *map(str, seeds)],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {verdict["seed"]: verdict for verdict in found}


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.thorough
def test_a_history_repeats_in_another_process_and_after_other_seeds() -> None:
    """Steps, requests, virtual time and violations are the same, with kills as well."""
    first = verdicts(WITH_KILLS, OTHER)
    again = verdicts(OTHER, WITH_KILLS)

    assert first == again
    assert all(verdict["steps"] > 1_000 for verdict in first.values())
