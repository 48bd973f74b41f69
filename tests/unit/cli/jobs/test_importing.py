"""Imports as shown to a user: accounts, rows of the list, ids of retries, progress while a command waits."""

import io
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from cli.commands.import_progress import Bar, Lines
from cli.commands.imports_table import print_table, row_of
from cli.jobs.importing import account_of, duration_text
from cli.main import app
from handlers.inventory.pace import Pace, Sample
from ops.imports.retrying import StillRunning, next_id, refuse_running
from schemas.import_reasons import IMPORT_REMEDIES
from tests.fakes.builders import HOUR, NOW
from tests.fakes.imports import an_import

CANCELLED = {"state": "failed", "reason": "cancelled", "changed_at": NOW + timedelta(seconds=90)}


def an_event(rows: int, seconds: float = 0, **more: object) -> dict[str, Any]:
    at = (NOW + timedelta(seconds=seconds)).isoformat()
    return {"rows_read": rows, "at": at, "bytes_read": rows * 10, "bytes_total": 1_000_000, **more}


def test_an_account_has_the_values_derived_from_the_document() -> None:
    """The object's address, the sum of duplicates, progress, duration, remedy."""
    account = account_of(an_import(**CANCELLED), NOW, now=NOW + HOUR)

    assert "s3://files/codes.csv" == account["object"]
    assert (5, 2, 3) == tuple(
        account[name] for name in ("duplicates", "duplicates_in_file", "duplicates_in_campaign")
    )
    assert (50.0, 90.0) == (account["progress_percent"], account["duration_s"])
    assert (IMPORT_REMEDIES["cancelled"].replace("ID", "i-1"), "2026-11-24T02:00:00.000Z") == (
        account["remedy"],
        account["cancel_asked_at"],
    )


def test_the_duration_of_a_running_import_ends_now() -> None:
    """Not at its last chunk: so a stuck import is noticed."""
    account = account_of(an_import(bytes_total=None), None, now=NOW + 2 * HOUR)

    assert (7_200.0, None, None, None) == tuple(
        account[name] for name in ("duration_s", "progress_percent", "remedy", "cancel_asked_at")
    )


def test_the_pace_and_the_time_left_are_those_of_the_page() -> None:
    """Of the last minute's events while it runs, of the whole duration afterwards; unknown without events."""
    pace = Pace()
    for seconds, rows in ((0, 0), (10, 500)):
        pace.add(Sample(NOW.timestamp() + seconds, rows, rows * 10))
    now = NOW + timedelta(seconds=10)
    running, ended = an_import(bytes_total=20_000), an_import(**CANCELLED, rows_read=900)
    accounts = [account_of(running, None, now=now, pace=pace), account_of(running, None, now=now)]
    accounts.append(account_of(ended, None, now=now))

    assert [(50.0, 30.0), (None, None), (10.0, None)] == [(one["rows_per_s"], one["left_s"]) for one in accounts]
    assert [("30 s", "50"), ("-", "-"), ("-", "10")] == [
        (row["left"], row["rows/s"]) for row in map(row_of, accounts)
    ]


@pytest.mark.parametrize(
    ("changes", "is_cancelled", "shown"),
    [
        ({}, False, "running"),
        ({}, True, "running: cancelling"),
        ({"state": "completed"}, False, "completed"),
        ({"state": "completed", "reason": "report_not_written"}, True, "completed: report_not_written"),
        (CANCELLED, True, "failed: cancelled"),
    ],
)
def test_a_list_shows_the_state_with_its_reason(changes: dict[str, Any], is_cancelled: bool, shown: str) -> None:
    """It also shows that a running import is being cancelled."""
    account = account_of(an_import(**changes), NOW if is_cancelled else None, now=NOW)

    assert shown == row_of(account)["state"]


def test_progress_is_never_rounded_up_to_the_end() -> None:
    """100 % means that the whole object is imported."""
    account = account_of(an_import(bytes_read=9_999), None, now=NOW)

    assert "99 %" == row_of(account)["progress"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (160, "import campaign state progress left rows/s rows inserted duplicates rejected started duration"),
        (80, "import campaign state progress left rows/s inserted rejected"),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns(
    width: int, columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remaining columns are not truncated."""
    monkeypatch.setattr("cli.commands.imports_table.table_console", lambda: Console(width=width))

    print_table([account_of(an_import(), None, now=NOW + HOUR)])

    head, line = capsys.readouterr().out.splitlines()
    assert columns.split() == head.split()
    assert ["i-1", "summer", "running", "50", "%"] == line.split()[:5]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (200, "3:20"), (3_723, "1:02:03")]
)
def test_a_duration_is_written_as_people_say_it(seconds: float, shown: str) -> None:
    """Seconds, then minutes, then hours."""
    assert shown == duration_text(seconds)


@pytest.mark.parametrize(
    ("taken", "expected"), [((), "i-1:2"), (("i-1:2",), "i-1:3"), (("i-1:9", "i-1:3", "i-1:10"), "i-1:11")]
)
def test_a_retry_has_the_next_number(taken: tuple[str, ...], expected: str) -> None:
    """One more than the highest, so that the latest attempt has the highest number."""
    assert expected == next_id("i-1", taken)


def test_a_running_import_is_not_retried() -> None:
    """Nor one with a running retry. A retry that was cancelled before it started is not running."""
    refuse_running({"i-1": "failed", "i-1:2": "completed", "i-1:3": None})
    with pytest.raises(StillRunning, match="i-1:2"):
        refuse_running({"i-1": "failed", "i-1:2": "running"})


def test_a_bar_moves_by_bytes() -> None:
    """It is indeterminate until the size is known; then it shows rows, their rate, the time left, and bytes."""
    with Progress(console=Console(file=io.StringIO())) as progress:
        bar = Bar(progress, progress.add_task("waiting", total=None))
        bar.move(an_event(0, bytes_total=None))
        [begun] = progress.tasks
        assert (None, 0, "0 rows") == (begun.total, begun.completed, begun.description)
        bar.move(an_event(50_000, 5))

    [task] = progress.tasks
    assert (1_000_000, 500_000, "50,000 rows, 10,000/s, 5.0 s left") == (task.total, task.completed, task.description)


def test_without_a_terminal_progress_is_one_line_per_event(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error: standard output is for the end event."""
    lines = Lines()
    lines.print({**an_event(7), "inserted": 4, "duplicates": 2, "rejected": 1})
    lines.print({**an_event(20_007, 2), "inserted": 20_004})

    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert "" == captured.out
    assert "import: rows_read=7 inserted=4 duplicates=2 rejected=1 bytes_read=70 bytes_total=1000000" == first
    assert second.endswith(" bytes_total=1000000 rows_per_s=10000.0 left_s=8.0")


def test_unknown_figures_are_not_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """For example the size of an object that the importer has not read yet."""
    Lines().print(an_event(0, bytes_total=None))

    assert "import: rows_read=0 bytes_read=0\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cancel", "a b"), "ID must be an import's id"),
        (("cancel", "x" * 111), "ID must be an import's id"),
        (("list", "--state", "cancelled"), "--state must be one of running, completed, failed"),
    ],
)
def test_an_invalid_argument_is_reported_before_the_database_is_read(
    arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2 and one line."""
    ended = CliRunner().invoke(app, ["imports", *arguments])

    assert (2, "") == (ended.exit_code, ended.stdout)
    assert ended.stderr.startswith(f"codes: {message}")
    assert 1 == len(ended.stderr.splitlines())
