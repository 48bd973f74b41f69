"""The stack's environment and how its parts are, without starting any; and its command line."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import devstack
from devstack import stack as module
from devstack.classpath import KAFKA_VERSION, VERSION
from devstack.cli import app
from devstack.errors import StackError
from tests.unit.devstack.recorded import record_all

NAMES = [
    "CODES_KAFKA__BOOTSTRAP_SERVERS",
    "CODES_MONGO__URI",
    "CODES_S3__ENDPOINT_URL",
    "CODES_S3__REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the environment names."""
    monkeypatch.setenv("CODES_DEV_DIR", str(tmp_path))
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)
    return tmp_path


def test_the_environment_has_the_contracts_names(folder: Path) -> None:
    """Those names, and addresses on this machine."""
    record_all(folder)

    stack = devstack.current()

    assert stack is not None
    assert NAMES == list(stack.environment())
    assert "127.0.0.1:20001" == stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"]
    assert "http://127.0.0.1:20003" == stack.environment()["CODES_S3__ENDPOINT_URL"]


def test_the_slow_engine_asks_for_less_at_a_time(folder: Path) -> None:
    """Only `secantusd-py` slows down under concurrent transactions and large look-ups, and reads all for a range."""
    record_all(folder, engine="secantusd-py")

    stack = devstack.current()

    assert stack is not None
    slow = ["CODES_MONGO__TRANSACTIONS_MAX", "CODES_MONGO__ID_INDEX", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX"]
    assert [*NAMES, *slow] == list(stack.environment())


@pytest.mark.parametrize(
    ("changes", "state"), [({}, "running"), ({"ready": False}, "starting"), ({"born_at": 1.0}, "dead")]
)
def test_a_part_is_what_its_process_is(folder: Path, changes: dict[str, Any], state: str) -> None:
    """Alive and answered, alive, or gone; a recycled pid is gone."""
    record_all(folder, **changes)

    assert [state] * 3 == [part.state for part in devstack.status()]
    assert (state == "running") == (devstack.current() is not None)


def test_a_dead_part_is_shown_with_its_last_words(folder: Path) -> None:
    """Exit code 1, and the end of the log beneath the table."""
    record_all(folder, born_at=1.0)
    (folder / "part.log").write_text("out of luck\n")

    shown = CliRunner().invoke(app, ["status"])

    assert 1 == shown.exit_code
    assert "kafka died. The end of its log:\n  | out of luck\n" in shown.stdout


def test_a_running_stack_of_another_engine_is_not_joined(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever forces an engine gets it or a clear word."""
    record_all(folder)
    monkeypatch.setenv("CODES_DEV_DATABASE", "secantusd-py")

    with pytest.raises(StackError, match="runs secantusd-rs, not secantusd-py; stop it first"):
        devstack.up()


@pytest.mark.parametrize("wanted", [None, "4.1.0"])
def test_a_running_kafka_of_another_version_is_not_joined(
    folder: Path, monkeypatch: pytest.MonkeyPatch, wanted: str | None
) -> None:
    """Whether the environment names a version, or the project has another default than when it was started."""
    record_all(folder, version="4.3.1")
    if wanted:
        monkeypatch.setenv(VERSION, wanted)
    else:
        monkeypatch.delenv(VERSION, raising=False)

    said = f"runs Kafka 4.3.1, not {wanted or KAFKA_VERSION}; stop it first: codes dev down"
    with pytest.raises(StackError, match=re.escape(said)):
        devstack.up()


def test_nothing_to_stop_is_no_failure(folder: Path) -> None:
    """`down` may be said twice, also where there never was a stack."""
    assert [] == devstack.down(folder / "never")
    assert "nothing was running\n" == CliRunner().invoke(app, ["down"]).stdout


def test_env_prints_lines_and_nothing_else(folder: Path) -> None:
    """A program may read standard output as it comes."""
    record_all(folder)

    shown = CliRunner().invoke(app, ["env"])

    assert 0 == shown.exit_code
    assert NAMES == [line.partition("=")[0] for line in shown.stdout.splitlines()]
    assert not shown.stderr


def test_env_without_a_stack_says_so_apart(folder: Path) -> None:
    """Exit code 3, one line on standard error, nothing on standard output."""
    shown = CliRunner().invoke(app, ["env"])

    assert 3 == shown.exit_code
    assert not shown.stdout
    assert ["the local stack does not run: codes dev up"] == shown.stderr.splitlines()


def test_status_of_nothing_is_not_running(folder: Path) -> None:
    """Exit code 3, and JSON for programs."""
    shown = CliRunner().invoke(app, ["status", "--json"])

    assert 3 == shown.exit_code
    assert ["stopped"] * 3 == [part["state"] for part in json.loads(shown.stdout)]


def test_a_failure_is_one_message_without_a_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, the reason on standard error."""

    def fail(**_arguments: object) -> None:
        raise StackError("no luck today")

    monkeypatch.setattr(module, "up", fail)

    shown = CliRunner().invoke(app, ["up"])

    assert 1 == shown.exit_code
    assert "no luck today" in shown.stderr


def test_without_the_extra_one_line_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is installed without these packages; `codes dev` names the missing one."""
    record_all(folder)
    monkeypatch.setitem(sys.modules, "psutil", None)

    shown = CliRunner().invoke(app, ["status"])

    assert 1 == shown.exit_code
    assert [
        'the local stack needs the package psutil: pip install "code-service[devstack]"'
    ] == shown.stderr.splitlines()


def test_a_folder_that_cannot_be_made_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback for a path that leads through a file."""
    (folder / "file").touch()
    monkeypatch.setenv("CODES_DEV_DIR", str(folder / "file" / "stack"))

    shown = CliRunner().invoke(app, ["up"])

    assert 1 == shown.exit_code
    assert str(folder / "file") in shown.stderr
