"""The command line has the documented exit codes, and prints a known error on one line."""

import pytest
from typer.testing import CliRunner

from cli.exits import advice, error_line, exit_code
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
    """A script can distinguish a wrong setting from an unavailable part."""
    assert code == exit_code(error)


def test_a_wrong_setting_is_one_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, nothing on standard output, exit code 2."""
    monkeypatch.setenv("CODES_OPS__PORT", "-1")

    with pytest.raises(SystemExit) as raised:
        main(["config"])

    captured = capsys.readouterr()
    assert Exit.USAGE == raised.value.code
    assert "" == captured.out
    assert captured.err.startswith("codes: CODES_OPS__PORT: ")
    assert 1 == captured.err.count("\n")


def test_an_error_is_printed_with_its_remedy() -> None:
    """The remedy is written once, in the docstring of the error class."""
    line = error_line(StoreUnavailable("ServerSelectionTimeoutError"))

    assert line.startswith("ServerSelectionTimeoutError: MongoDB gave no answer")
    assert "CODES_MONGO__TIMEOUT_MS" in line


@pytest.mark.parametrize(
    ("error", "variables", "advised"),
    [
        (StoreUnavailable("x"), [], "no variable CODES_MONGO__… is set"),
        (BrokerUnavailable("x"), ["CODES_MONGO__URI", "CODES_DEV_DIR"], "no variable CODES_KAFKA__… is set"),
        (StoreUnavailable("x"), ["CODES_MONGO__URI"], ""),
        (BrokerUnavailable("x"), ["CODES_SECRETS_DIR"], ""),
        (SettingsInvalid("wrong"), [], ""),
    ],
)
def test_a_user_who_set_no_address_gets_a_hint(error: CodeServiceError, variables: list[str], advised: str) -> None:
    """Only if no variable holds an address for the part that is unavailable."""
    hint = advice(error, variables) or ""

    assert hint.startswith(advised)
    assert bool(advised) == ("export $(codes dev env)" in hint)


def test_help_has_commands_examples_and_exit_codes() -> None:
    """A first-time user finds the commands, examples and exit codes."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output

    assert [] == [word for word in ("config", "migrate", "dev", "Examples", "Exit codes") if word not in shown]


def test_the_version_is_printed() -> None:
    """With the program's name before it."""
    assert CliRunner().invoke(app, ["--version"]).output.startswith("codes ")


def test_wrong_usage_is_exit_code_2() -> None:
    """The code that the help documents."""
    assert Exit.USAGE == CliRunner().invoke(app, ["migrate", "--no-such-option"]).exit_code


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("codes ta", ["tail"]),
        ("codes tail ass", ["assign.requests.v1", "assigned.v1"]),
        ("codes imports list --state ", ["running", "completed", "failed"]),
    ],
)
def test_a_shell_completes_commands_topics_and_states(line: str, words: list[str]) -> None:
    """The line is in the environment, as the shell's script passes it."""
    asked = {"_CODES_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}

    assert words == CliRunner().invoke(app, [], prog_name="codes", env=asked).output.split()
