"""`codes config` shows every setting and no secret."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands.config import markdown
from cli.main import app
from ops.settings.load import VARIABLES
from tests.places import ROOT

DOCS = ROOT / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set two secrets, one of them from a file."""
    file = tmp_path / "password"
    file.write_text("hunter2")
    monkeypatch.setenv("CODES_MONGO__URI", "mongodb://me:hunter2@db.example/?replicaSet=rs0")
    monkeypatch.setenv("CODES_KAFKA__SASL_PASSWORD_FILE", str(file))
    return file


def test_json_has_value_range_and_origin_of_every_setting(environment: Path) -> None:
    """A script can read everything that the table shows."""
    rows = json.loads(CliRunner().invoke(app, ["config", "--json"]).stdout)

    by_name = {row["variable"]: row for row in rows}
    assert list(VARIABLES) == list(by_name)
    assert ("***", f"file {environment}") == (
        by_name["CODES_KAFKA__SASL_PASSWORD"]["value"],
        by_name["CODES_KAFKA__SASL_PASSWORD"]["origin"],
    )
    assert "mongodb://me:***@db.example/?replicaSet=rs0" == by_name["CODES_MONGO__URI"]["value"]
    assert "default" == by_name["CODES_OPS__PORT"]["origin"]
    assert "0 to 65535" == by_name["CODES_OPS__PORT"]["allowed"]


def test_the_table_has_whole_names_and_no_secret() -> None:
    """Piped output can be searched with grep."""
    table = CliRunner().invoke(app, ["config"]).stdout

    assert [] == [name for name in VARIABLES if name not in table]
    assert "hunter2" not in table


def test_the_documentation_is_current() -> None:
    """docs/settings.md equals the output of `codes config --docs`."""
    assert DOCS.read_text() == markdown()


def test_the_documentation_does_not_depend_on_the_environment() -> None:
    """It shows defaults, not the values that are set."""
    assert markdown() == CliRunner().invoke(app, ["config", "--docs"]).stdout
