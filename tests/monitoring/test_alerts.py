"""Each alert comes when it should, with its words and its link, and does not come when it should not."""

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cli.commands.monitoring import ALERTS_FILE, files
from ops.monitoring.alert import RUNBOOKS, rules_yaml
from ops.monitoring.rules import ALERTS, RECORDS
from ops.telemetry.answer_times import AnswerTimes
from ops.telemetry.collectors import ProgressCollector, StockCollector
from ops.telemetry.inventory_metrics import Counts, InventoryCollector
from ops.telemetry.metric_spec import Known
from ops.telemetry.metrics import CANARY_SPECS, ROLE_SPECS
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from schemas.base import CodeStatus
from schemas.objective_settings import ObjectiveSettings
from schemas.observation.partitions import Ends
from stores.code_port import StockFigures
from tests.monitoring.case import WATCHED, Case, document, groups_of
from tests.monitoring.cases import CASES
from tests.monitoring.tools import tool

TIMEOUT_S = 60


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The file as Prometheus reads it."""
    path = tmp_path / ALERTS_FILE
    path.write_text(files(RUNBOOKS, WATCHED)[ALERTS_FILE])
    return path


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool, and return its result."""
    command = [tool("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)  # noqa: S603  # ours


def tried(case: Case, folder: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of a case."""
    rules, file = folder / ALERTS_FILE, folder / "case.yaml"
    rules.write_text(WATCHED.of(rules_yaml(groups_of(case.alert))))
    file.write_text(json.dumps(document(case, rules)))
    return promtool("test", "rules", file)


def test_promtool_accepts_the_rules(rules: Path) -> None:
    """Also by its own idea of good style."""
    answer = promtool("check", "rules", "--lint=all", "--lint-fatal", rules)

    assert (0, True) == (answer.returncode, f"{len(ALERTS) + len(RECORDS)} rules found" in answer.stdout), answer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_comes_when_it_should(case: Case, tmp_path: Path) -> None:
    """And only then; labels and annotations are what the case says."""
    answer = tried(case, tmp_path)

    assert 0 == answer.returncode, answer.stdout + answer.stderr


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    """A check that cannot fail shows nothing."""
    firing = next(case for case in CASES if case.fires)

    answer = tried(Case(firing.alert, firing.claim, firing.series, firing.at), tmp_path)

    assert (1, True) == (answer.returncode, firing.alert in answer.stdout + answer.stderr)


def test_the_metrics_of_every_process_are_named_as_prometheus_wants() -> None:
    """`promtool check metrics` finds nothing: units, suffixes and help texts."""
    known = Known(topics=("t.a",), reply_topics=("answers",))
    for role, specs in (("worker", ROLE_SPECS), ("canary", CANARY_SPECS)):
        counts: Callable[[], Counts] = partial(dict, sale={CodeStatus.AVAILABLE: 1})
        metrics, times = Metrics(role, known, specs), AnswerTimes(ObjectiveSettings())
        for collector in (
            ProgressCollector(a_progress()),
            StockCollector(StockFigures()),
            InventoryCollector(counts),
            times,
        ):
            metrics.compute(collector)

        answer = subprocess.run(  # noqa: S603  # ours
            [tool("promtool"), "check", "metrics"], input=metrics.text()[0], capture_output=True, check=False
        )

        assert (0, b"") == (answer.returncode, answer.stderr + answer.stdout)


def a_progress() -> Progress:
    """A partition about which everything is known, so that each family has a series."""
    progress = Progress()
    progress.serve(frozenset({("t.a", 0)}))
    progress.reached(("t.a", 0), 1)
    progress.ends_read({("t.a", 0): Ends(2, 2)})
    return progress
