"""Ctrl-C in the middle of the imports, which take most of a short command's time, ends it silently."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from ops.exit_codes import Exit
from tests.places import ROOT

MOMENTS: Final = 20
MOMENTS_NORMAL: Final = 6
PROCESSES: Final = 2
DRIVER: Final = """
import os, signal, sys
at, seen, leave = int(sys.argv.pop(1)), 0, os._exit

def interrupt(event, _):
    global seen
    if event == "import" and callable(signal.getsignal(signal.SIGINT)) and start.__doc__:
        seen += 1
        if seen == at:
            signal.raise_signal(signal.SIGINT)

def count(code):
    if not at:
        os.write(1, f"\\n{seen}".encode())
    leave(code)

from cli.start import start
os._exit = count
sys.addaudithook(interrupt)
start()
"""
"""`codes`, interrupted at its Nth import; or, with 0, one that prints the number of its imports."""


def ended(at: int, arguments: tuple[str, ...], folder: Path) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and standard error."""
    command = [sys.executable, "-c", DRIVER, str(at), *arguments]
    nowhere = {
        "CODES_MONGO__URI": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100",
        "CODES_DEV_DIR": str(folder),
    }
    environment = {**os.environ, **nowhere, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, input=b"", check=False)  # noqa: S603  # ours
    return found.returncode, found.stdout, found.stderr


@pytest.mark.parametrize(
    ("moments_max", "arguments"),
    [
        (MOMENTS_NORMAL, ("imports", "list")),
        pytest.param(MOMENTS, ("imports", "list"), marks=pytest.mark.long),
        pytest.param(MOMENTS, ("dev", "down"), marks=pytest.mark.long),
        pytest.param(MOMENTS, ("publish", "reserve", "--help"), marks=pytest.mark.long),
    ],
)
def test_each_import_may_be_interrupted(moments_max: int, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing is printed, whichever module is half imported."""
    _, shown, _ = ended(0, arguments, tmp_path)
    imports = int(shown.split(b"\n")[-1])
    moments = [1 + number * (imports - 1) // moments_max for number in range(moments_max)]

    with ThreadPoolExecutor(PROCESSES) as pool:
        found = set(pool.map(lambda at: ended(at, arguments, tmp_path), moments))

    assert imports > moments_max
    assert {(int(Exit.INTERRUPTED), b"", b"")} == found
