"""The unpacked size of an object and the length of a line cost time up to a limit, never memory."""

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import devstack
from tests.conftest import fresh_environment
from tests.integration.import_bench import Found, ImporterBench, importing
from tests.integration.importing import counts

pytestmark = pytest.mark.integration

MIB: Final = 1024 * 1024
LINE_BYTES: Final = 100_000_000
BOMB_MIB: Final = 1024
MEMBER_MIB: Final = 16
MEMORY_MAX_MIB: Final = 150
LIMITS: Final = {
    "CODES_IMPORTER__TEXT_BYTES_MAX": str(300 * MIB),
    "CODES_IMPORTER__OBJECT_BYTES_MAX": str(200 * MIB),
}


class Sized(NamedTuple):
    """What became of the large ones, and what they cost."""

    found: Mapping[str, Found]
    grown_mib: float
    """How far the process's memory went above what it was before."""


@pytest.fixture(scope="module")
def sized(stack: devstack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Sized:
    """One importer that meets a small file, then a bomb and a line of a hundred megabytes."""
    return asyncio.run(imported(fresh_environment(stack), tmp_path_factory.mktemp("sizes") / "importer.log"))


async def imported(environment: Mapping[str, str], log: Path) -> Sized:
    """Memory is that of the kernel's own books, its highest mark included."""
    async with importing(environment, log, **LIMITS) as bench:
        await load(bench, "small.csv", b"SPRING-1\n")
        await bench.found(1)
        idle = memory_mib(bench.role.pid, "VmRSS")
        await load(bench, "bomb.csv.gz", bomb())
        await load(bench, "line.csv", b"SPRING-1\n" + b"x" * LINE_BYTES + b"\nSPRING-2\n")
        found = await bench.found(3, timeout_s=90)
        return Sized(found, memory_mib(bench.role.pid, "VmHWM") - idle)


async def load(bench: ImporterBench, key: str, body: bytes) -> None:
    """Put an object and ask for it."""
    bench.files.put(key, body)
    await bench.ask(key)


def bomb() -> bytes:
    """A gigabyte of one letter, in members, in about a thousandth of the bytes."""
    return gzip.compress(b"x" * MEMBER_MIB * MIB) * (BOMB_MIB // MEMBER_MIB)


def memory_mib(pid: int, name: str) -> float:
    """One line of a process's status."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


def test_a_gzip_bomb_is_too_large(sized: Sized) -> None:
    """It ends at the limit of the text, without a row."""
    event, codes, _ = sized.found["bomb.csv.gz"]

    assert ("failed", "too_large", {}) == (event["state"], event["reason"], counts(event))
    assert {} == codes


def test_a_very_long_line_is_one_rejected_row(sized: Sized) -> None:
    """The rows before and after it are loaded."""
    event, codes, report = sized.found["line.csv"]

    assert ("completed", {"rows_read": 3, "inserted": 2, "rejected": 1}) == (event["state"], counts(event))
    assert {"SPRING-1": "tm", "SPRING-2": "tm"} == codes
    assert "line,reason\n2,line_too_long\n" == report


def test_neither_fills_memory(sized: Sized) -> None:
    """A gigabyte of text and a line of a hundred megabytes stay within what any import may take above idle."""
    assert MEMORY_MAX_MIB > sized.grown_mib
