"""The report of a rehearsal, as JSON and for people."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.commands.rehearse_output import print_report
from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.built_in import steady
from cli.rehearsal.journal import Answer, Journal
from cli.rehearsal.lagging import note
from cli.rehearsal.plan import Plan
from cli.rehearsal.report import LagSeen, Rehearsed, report_of
from consumers.inventory.lag import Lag
from schemas.objective_settings import ObjectiveSettings

PLAN = Plan(steady(), rate=0.001, campaign_id="rehearsal-1", repeat_percent=5, wait_s=30)


def rehearsed(*seconds: float | None) -> Rehearsed:
    """Reserves at intervals of ten seconds, answered so late, or not; no two are alike."""
    journal = Journal("run", PLAN.requests, 2.0)
    found = Rehearsed(PLAN, journal, ObjectiveSettings(), datetime(2026, 11, 24, tzinfo=UTC))
    for number, answered_s in enumerate(seconds):
        journal.send(Arrival(10.0 * number, "reserve"), 0)
        found.lateness.add(0.002)
        if answered_s is not None:
            journal.answer(Answer(f"run.{number}", "reserved"), int(1_000 * answered_s))
    return found


def test_the_worst_interval_has_the_smallest_share_in_time() -> None:
    """Of several, the one with the slowest answer."""
    report = report_of(rehearsed(0.1, 3.0, 0.2, 5.0, 1.9))

    assert (30, 5.0, 0.0) == tuple(report["worst_interval"][name] for name in ("from_s", "max_s", "within_percent"))
    assert [0, 10, 20, 30, 40] == [interval["from_s"] for interval in report["intervals"]]


def test_what_is_not_known_is_null() -> None:
    """No answer, no lag."""
    report = report_of(rehearsed(None))

    assert (1, 0, 1, None, None) == tuple(
        report[name] for name in ("sent", "answered", "unanswered", "p50_s", "max_s")
    )
    assert {"records_max": None, "age_s_max": None} == report["lag"]
    assert ("missed", None) == (report["outcome"], report["objective"]["margin_s"])


def test_nothing_that_was_sent_is_a_report_too() -> None:
    """And no error."""
    report = report_of(rehearsed())

    assert ("not_judged", ["nothing_sent"], None) == (
        report["outcome"],
        report["doubts"],
        report["worst_interval"],
    )


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        (
            (0.5, 0.5),
            ["lag: at most 40 records, 1.500 s", "met: 100.0 % of 2 requests in 2 s", "margin +1."],
        ),
        ((0.5, None), ["rehearsal: missed: 50.0 %", "; 1 without an answer"]),
        ((), ["doubt: no request was sent", "rehearsal: not_judged"]),
    ],
)
def test_people_read_the_verdict_in_the_last_line(
    answers: tuple[Any, ...], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it, what to remove."""
    found = rehearsed(*answers)
    found.lag.add(40, 1.5)

    print_report(report_of(found))

    shown = capsys.readouterr().out
    assert [] == [line for line in lines if line not in shown]
    assert "to remove what is left: codes campaigns purge rehearsal-1 --confirm rehearsal-1" in shown
    assert shown.splitlines()[-1].startswith("rehearsal: ")


def test_the_lag_is_that_of_all_partitions_at_their_worst_moment() -> None:
    """A look at which one partition was unknown does not count."""
    seen, place = LagSeen(), ("codes-worker", "codes.reserve.requests.v1")

    for looks in ((3, 4), (5, 1), (9, None)):
        lags = [Lag(*place, number, records=records, age_s=records) for number, records in enumerate(looks)]
        note(seen, lags)

    assert (7, 5) == (seen.records_max, seen.age_s_max)
