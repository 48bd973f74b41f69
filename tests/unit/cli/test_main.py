"""The command line keeps its word: exit codes, and one line for what we know."""

import pytest
from typer.testing import CliRunner

from cli.exits import advice, exit_code, told
from cli.main import app, main
from ops.broker.client import KafkaRefused
from ops.exit_codes import Exit
from schemas.errors import (
    BrokerUnavailable,
    CodeServiceError,
    MigrationRefused,
    SettingsInvalid,
    StoreRefused,
    StoreUnavailable,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsInvalid("x"), Exit.USAGE),
        (StoreUnavailable("x"), Exit.UNREACHABLE),
        (BrokerUnavailable("x"), Exit.UNREACHABLE),
        (KafkaRefused("x"), Exit.FAILED),
        (StoreRefused("x"), Exit.FAILED),
        (MigrationRefused("x"), Exit.FAILED),
    ],
)
def test_an_error_has_its_exit_code(error: CodeServiceError, code: Exit) -> None:
    """A script can tell a wrong setting from a part that is away."""
    assert code == exit_code(error)


def test_a_wrong_setting_is_one_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, nothing on standard output, exit code 2."""
    monkeypatch.setenv("CODES_OPS__PORT", "-1")

    with pytest.raises(SystemExit) as raised:
        main(["config"])

    told_to = capsys.readouterr()
    assert Exit.USAGE == raised.value.code
    assert "" == told_to.out
    assert told_to.err.startswith("codes: CODES_OPS__PORT: ")
    assert 1 == told_to.err.count("\n")


def test_what_is_not_a_setting_is_told_with_its_remedy() -> None:
    """The remedy is written once, at the error's class."""
    said = told(StoreUnavailable("ServerSelectionTimeoutError"))

    assert said.startswith("ServerSelectionTimeoutError: MongoDB gave no answer")
    assert "CODES_MONGO__TIMEOUT_MS" in said


@pytest.mark.parametrize(
    ("error", "variables", "advised"),
    [
        (StoreUnavailable("away"), [], "no variable CODES_MONGO__… is set"),
        (BrokerUnavailable("away"), ["CODES_MONGO__URI", "CODES_DEV_DIR"], "no variable CODES_KAFKA__… is set"),
        (StoreUnavailable("away"), ["CODES_MONGO__URI"], ""),
        (BrokerUnavailable("away"), ["CODES_SECRETS_DIR"], ""),
        (SettingsInvalid("wrong"), [], ""),
    ],
)
def test_who_did_not_say_where_a_part_is_is_told_how(
    error: CodeServiceError, variables: list[str], advised: str
) -> None:
    """The first step that one forgets; not of use to anybody else."""
    said = advice(error, variables) or ""

    assert said.startswith(advised)
    assert bool(advised) == ("export $(codes dev env)" in said)


def test_help_has_commands_examples_and_exit_codes() -> None:
    """Whoever types `codes` alone is told how to go on."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output

    assert [] == [word for word in ("config", "migrate", "dev", "Examples", "Exit codes") if word not in shown]


def test_the_version_is_said() -> None:
    """With the program's name, as others do."""
    assert CliRunner().invoke(app, ["--version"]).output.startswith("codes ")


def test_wrong_usage_is_exit_code_2() -> None:
    """As documented."""
    assert Exit.USAGE == CliRunner().invoke(app, ["migrate", "--no-such-option"]).exit_code
