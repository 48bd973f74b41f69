"""Each alert comes when it should, with its words and its link, and does not come when it should not."""

import json
import subprocess
from pathlib import Path

import pytest

from cli.commands.monitoring import ALERTS_FILE, files
from ops.monitoring.alert import RUNBOOKS
from ops.monitoring.rules import ALERTS
from tests.monitoring.case import Case, document
from tests.monitoring.cases import CASES
from tests.monitoring.tools import tool

TIMEOUT_S = 60


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The file as Prometheus reads it."""
    path = tmp_path / ALERTS_FILE
    path.write_text(files(RUNBOOKS)[ALERTS_FILE])
    return path


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool, and return its result."""
    command = [tool("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)  # noqa: S603  # ours


def tried(case: Case, rules: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of a case."""
    file = folder / "case.yaml"
    file.write_text(json.dumps(document(case, rules)))
    return promtool("test", "rules", file)


def test_promtool_accepts_the_rules(rules: Path) -> None:
    """Also by its own idea of good style."""
    answer = promtool("check", "rules", "--lint=all", "--lint-fatal", rules)

    assert (0, True) == (answer.returncode, f"{len(ALERTS)} rules found" in answer.stdout), answer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_comes_when_it_should(case: Case, rules: Path, tmp_path: Path) -> None:
    """And only then; labels and annotations are what the case says."""
    answer = tried(case, rules, tmp_path)

    assert 0 == answer.returncode, answer.stdout + answer.stderr


def test_a_wrong_expectation_is_noticed(rules: Path, tmp_path: Path) -> None:
    """A check that cannot fail shows nothing."""
    firing = next(case for case in CASES if case.fires)

    answer = tried(Case(firing.alert, firing.claim, firing.series, firing.at), rules, tmp_path)

    assert (1, True) == (answer.returncode, firing.alert in answer.stdout + answer.stderr)
