"""What must hold: the audit's file is this user's alone, contains no code, and is gone however the audit ends."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.audit import judged, take
from audit.code_search import Secrets
from audit.instants import instant_ms
from audit.intake import Intake
from audit.tables import on_disk
from audit.terms import Terms
from tests.fakes.history import a_history, saying, with_records

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_no_value_is_written_down() -> None:
    """Not in a column, and not in an id that somebody made of one; the verdict is the same as in memory."""
    history = a_history()
    values = [code.value for code in history.database.codes]
    history = with_records(
        history, "results.v1", lambda records: [saying(records[0], fan_id=values[-1], request_id=values[-1])]
    )
    with on_disk() as tables:
        secrets = Secrets(find_id=tables.code_of, size=len(values))
        for code in history.database.codes:
            secrets.add(code.value)
            tables.add("code_values", (tables.digest(code.value.encode()), code.id))
        tables.flush()
        tables.create_index("code_values(value)")
        intake = Intake(tables, secrets)
        take(history, intake)
        tables.create_indexes()
        tables.connection.execute("COMMIT")
        [content] = [path.read_bytes() for path in Path(os.environ["SQLITE_TMPDIR"]).iterdir()]
        report = judged(tables, Terms(), secrets, intake.findings)

    assert len(content) > 10_000
    assert [] == [value for value in values if value.encode() in content]
    assert 1 == report.count("leak")
    assert not any(value in finding.what for value in values for finding in report.findings)


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError, None])
def test_the_folder_is_nobody_elses_and_does_not_stay(end: type[BaseException] | None) -> None:
    """Mode 0700; after Ctrl-C, an error and an ordinary end it is gone."""
    seen: list[Path] = []

    def look() -> None:
        with on_disk():
            seen.append(Path(os.environ["SQLITE_TMPDIR"]))
            assert 0o700 == stat.S_IMODE(seen[0].stat().st_mode)
            if end is not None:
                raise end

    if end is None:
        look()
    else:
        with pytest.raises(end):
            look()

    assert not seen[0].exists()
    assert str(seen[0]) != os.environ.get("SQLITE_TMPDIR")


@pytest.mark.parametrize(
    ("typed", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("2026-11-24T01:00:00Z", timedelta(hours=1)),
        ("2026-11-24T02:00:00+01:00", timedelta(hours=1)),
        ("2026-11-24T01:30", timedelta(minutes=30)),
    ],
)
def test_instants_are_understood(typed: str, ago: timedelta) -> None:
    """As instants, or as times ago."""
    assert int((NOW - ago).timestamp() * 1000) == instant_ms(typed, NOW)


@pytest.mark.parametrize("typed", ["", "2", "2w", "-2h", "soon"])
def test_other_words_are_not(typed: str) -> None:
    """They end the command before it reads anything."""
    with pytest.raises(ValueError, match=r".*"):
        instant_ms(typed, NOW)
