"""The simulator finds defects: each of these, put in place, breaks a rule within a few seeds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.seeds import ENVIRONMENT

Verdict = Callable[[str], dict[str, Any]]


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


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_a_defect_is_found(verdict_of: Verdict, name: str) -> None:
    """A seed of its own, or one of ten others, shows it; the same history without the defect breaks no rule."""
    found = verdict_of(name)

    assert name == found["mutant"]
    assert [] != found["rules"]


def test_no_two_defects_share_a_name() -> None:
    """They are asked for by name."""
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})
