"""The simulator finds defects: each of these, put in place, breaks a rule within a few seeds.

Before a change lands, every fifth is tried, of each part of the service some; `make long` tries the others.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.seeds import ENVIRONMENT

TIMEOUT_S: Final = 300
"""Far more than the seconds that one takes: a machine may have much else to do."""

SHARE: Final = 5
"""Which mutants are tried does not depend on the day: a failure is the change's."""

Verdict = Callable[[str], dict[str, Any]]
TRIED: Final = [
    pytest.param(mutant.name, marks=pytest.mark.long if number % SHARE else pytest.mark.thorough)
    for number, mutant in enumerate(MUTANTS)
]


@pytest.fixture(scope="module")
def verdict_of() -> Iterator[Verdict]:
    """What one process, which is started once, finds out about a mutant."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.mutants", "--serve"],
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(name: str) -> dict[str, Any]:
            stdin.write(f"{name}\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield ask
        stdin.close()


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("name", TRIED)
def test_a_defect_is_found(verdict_of: Verdict, name: str) -> None:
    """A seed of its own, or one of ten others, shows it; the same history without the defect breaks no rule."""
    found = verdict_of(name)

    assert name == found["mutant"]
    assert [] != found["rules"]


def test_no_two_defects_share_a_name() -> None:
    """They are asked for by name."""
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})
