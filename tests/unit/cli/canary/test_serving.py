"""What a round of the canary leaves in metrics and log, and what the command makes of it."""

import re

import pytest
import structlog
import typer

from cli.canary.rounds import Answered, Round
from cli.canary.serving import Counting, note
from cli.canary.stock import codes_file
from cli.commands.canary import EXITS, canary
from ops.exit_codes import Exit
from ops.telemetry.metrics import CANARY_SPECS
from ops.telemetry.registry import Metrics
from schemas.errors import BrokerUnavailable
from schemas.observation.canary import CanaryStepAnswered

RIGHT = Answered("reserve", 0.2, "reserved", is_right=True)
WRONG = Answered("assign", 0.1, "refused", "campaign_closed")
UNANSWERED = Answered("assign", 10.0)


@pytest.fixture
def metrics() -> Metrics:
    """The canary's own."""
    return Metrics("canary", specs=CANARY_SPECS)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (Round("wrong_answer", [RIGHT, WRONG]), ("wrong_answer", "assign", "campaign_closed")),
        (Round("no_answer", [RIGHT, UNANSWERED]), ("no_answer", "assign", None)),
        (Round("unavailable", [], BrokerUnavailable("no answer")), ("unavailable", None, "BrokerUnavailable")),
    ],
)
def test_a_round_that_fails_is_counted_and_says_why(
    metrics: Metrics, ended: Round, expected: tuple[str, str | None, str | None]
) -> None:
    """And is no success."""
    with structlog.testing.capture_logs() as logs:
        note(ended, Counting(metrics))

    assert [expected] == [(line["outcome"], line["step"], line["reason"]) for line in logs]
    counted = metrics.registry.get_sample_value("codes_canary_rounds_total", {"outcome": ended.outcome})
    success = metrics.registry.get_sample_value("codes_canary_last_success_timestamp_seconds")
    assert (1, 0) == (counted, success)


def test_a_round_that_succeeds_leaves_its_time(metrics: Metrics) -> None:
    """And no line in the log: there is one each minute."""
    counting = Counting(metrics)
    counting.observe(CanaryStepAnswered("reserve", 0.2))
    with structlog.testing.capture_logs() as logs:
        note(Round("ok", [RIGHT]), counting)

    assert [] == logs
    assert (metrics.registry.get_sample_value("codes_canary_last_success_timestamp_seconds") or 0) > 1e9
    in_time = {"step": "reserve", "le": "0.25"}
    assert 1 == metrics.registry.get_sample_value("codes_canary_step_seconds_bucket", in_time)


def test_its_process_has_its_own_metrics_only(metrics: Metrics) -> None:
    """A zero of every role's counter beside those of the roles would say nothing."""
    names = {family.name for family in metrics.registry.collect() if not family.name.startswith("process_")}

    assert {"codes_canary_step_seconds", "codes_canary_rounds"} < names
    assert {"codes_canary_last_success_timestamp_seconds", "codes_build"} < names
    assert 4 == len(names)


def test_exit_codes_are_those_of_every_command() -> None:
    """Refused, timed out, unreachable."""
    assert {"ok": 0, "wrong_answer": 1, "no_answer": 4, "unavailable": 3} == EXITS


@pytest.mark.parametrize("options", [{"prepare": True, "once": True}, {"json_": True}])
def test_options_that_do_not_fit_are_refused(options: dict[str, bool]) -> None:
    """Before anything is sent."""
    with pytest.raises(typer.Exit) as refused:
        canary(**options)  # type: ignore[arg-type]  # flags

    assert Exit.USAGE == refused.value.exit_code


def test_the_file_has_codes_that_an_importer_takes() -> None:
    """All different; it is gone afterwards."""
    with codes_file() as path:
        codes = path.read_text().splitlines()

    assert (100, 100) == (len(codes), len(set(codes)))
    assert [] == [code for code in codes if not re.fullmatch(r"CANARY-[0-9a-f]{24}", code)]
    assert not path.exists()
