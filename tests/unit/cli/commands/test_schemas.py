"""`codes schemas` writes the documents of this version, and `--check` finds outdated ones."""

import json
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from cli.commands.schemas import files
from cli.main import app
from ops.exit_codes import Exit
from tests.places import ROOT

COMMITTED: Final = ROOT / "docs" / "api"


def test_the_committed_files_are_current() -> None:
    """They equal the output of `make schemas`, and there is no other file."""
    done = CliRunner().invoke(app, ["schemas", "--out", str(COMMITTED), "--check"])

    assert (Exit.OK, "") == (done.exit_code, done.stderr), done.stdout


def test_it_prints_the_files_that_it_wrote(tmp_path: Path) -> None:
    """One file per line."""
    done = CliRunner().invoke(app, ["schemas", "--out", str(tmp_path)])

    assert [str(tmp_path / name) for name in files()] == done.stdout.split()
    assert all((tmp_path / name).read_text(encoding="utf-8") == text for name, text in files().items())


def test_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents describe a version, not a deployment."""
    before = files()
    monkeypatch.setenv("CODES_TOPICS__PREFIX", "other.")
    monkeypatch.setenv("CODES_KAFKA__GROUP_PREFIX", "other-")

    assert before == files()


def test_a_check_finds_outdated_missing_and_left_over_files(tmp_path: Path) -> None:
    """It exits with code 1, and writes nothing."""
    CliRunner().invoke(app, ["schemas", "--out", str(tmp_path)])
    (tmp_path / "openapi.json").write_text("{}")
    (tmp_path / "asyncapi.json").unlink()
    (tmp_path / "schemas" / "Gone.json").write_text("{}")

    done = CliRunner().invoke(app, ["schemas", "--out", str(tmp_path), "--check", "--json"])

    states = {Path(listed["file"]).name: listed["state"] for listed in json.loads(done.stdout)["files"]}
    assert Exit.FAILED == done.exit_code
    assert 1 == done.stderr.count("\n")
    assert ("differs", "missing", "left over", "current") == tuple(
        states[name] for name in ("openapi.json", "asyncapi.json", "Gone.json", "Result.json")
    )
    assert "{}" == (tmp_path / "openapi.json").read_text()
