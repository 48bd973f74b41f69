"""A process of `codes` that is forked behaves as one that is executed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import forking
from tests.places import ROOT

COMMANDS = (
    ("--version",),
    ("config", "--json"),
    ("publish", "reserve"),
    ("worker",),
    ("show", "nothing"),
    ("top", "--url", "http://127.0.0.1:9", "--timeout-s", "0.5"),
)
WRONG = {**os.environ, "CODES_WORKER__BATCH_SIZE_MAX": "0", "COLUMNS": "80"}
"""A role ends at once, and so do commands that read the settings."""


def ended(arguments: tuple[str, ...], folder: Path) -> tuple[int, bytes, bytes]:
    """What a command leaves behind."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    found = subprocess.run(command, env=WRONG, cwd=folder, capture_output=True, input=b"", check=False)  # noqa: S603  # ours
    return found.returncode, found.stdout, found.stderr


@pytest.mark.parametrize("arguments", COMMANDS)
def test_its_output_and_exit_code_are_the_same(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a command that is used wrongly, and of a role with a wrong setting."""
    forked = ended(arguments, tmp_path)
    monkeypatch.setattr(subprocess.Popen, "_execute_child", forking.EXECUTE)
    monkeypatch.setitem(WRONG, "PYTHONPATH", str(ROOT))

    assert ended(arguments, tmp_path) == forked


def test_it_is_a_child_of_the_tests_and_ends_by_a_signal() -> None:
    """So `subprocess` and asyncio wait for it; its session is its own if that is wanted."""
    command = [sys.executable, "-m", "cli.main", "tail", "results.v1"]
    nowhere = {**os.environ, "CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with subprocess.Popen(command, env=nowhere, stderr=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603  # ours
        assert process.stderr is not None
        said = process.stderr.readline()
        parent, session = psutil.Process(process.pid).ppid(), os.getsid(process.pid)
        process.send_signal(signal.SIGKILL)

    assert said.startswith(b"codes: ")
    assert (os.getpid(), process.pid) == (parent, session)
    assert -signal.SIGKILL == process.returncode
