"""Any object: one file of each kind, and what must come of it. The files are in tests/data/imports/."""

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import pytest

import devstack
from tests.conftest import fresh_environment
from tests.integration.import_bench import Found, importing
from tests.integration.importing import check_books, counts
from tests.places import DATA

pytestmark = pytest.mark.integration

FOLDER: Final = DATA / "imports"
LIMITS: Final = {
    "CODES_IMPORTER__RANGE_BYTES": "1024",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "50",
    "CODES_IMPORTER__OBJECT_BYTES_MAX": "20000",
    "CODES_IMPORTER__TEXT_BYTES_MAX": "19000",
    "CODES_IMPORTER__ROWS_MAX": "1000",
    "CODES_IMPORTER__LINE_BYTES_MAX": "512",
}


class Kind(NamedTuple):
    """The expected outcome of a file."""

    codes: str = ""
    """Those that are loaded, one a word; `:external` follows those of that type."""
    rejects: str = ""
    """Rejected rows, `line,reason`, one a word."""
    duplicates: int = 0
    reason: str | None = None
    """The reason of a failure."""


def numbered(count: int) -> str:
    """So many codes of the long files."""
    return " ".join(f"SPRING-{number}" for number in range(1, count + 1))


NO_CODES: Final = " ".join(f"{line},bad_character" for line in range(2, 8))
KINDS: Final[Mapping[str, Kind]] = {
    "plain.csv": Kind(numbered(3)),
    "other-columns-without-header.csv": Kind(numbered(3)),
    "header.csv": Kind(numbered(2)),
    "header-in-capitals.csv": Kind("SPRING-1 SPRING-2:external"),
    "header-alone.csv": Kind(reason="empty"),
    "header-twice.csv": Kind("SPRING-1 code SPRING-2"),
    "header-without-code.csv": Kind("voucher SPRING-1"),
    "bom.csv": Kind(numbered(2)),
    "bom-and-header.csv": Kind(numbered(1)),
    "bom-alone.csv": Kind(reason="empty"),
    "crlf.csv": Kind(numbered(2)),
    "line-ends-mixed.csv": Kind(numbered(4)),
    "cr-alone.csv": Kind(rejects="1,bad_character"),
    "quoted.csv": Kind(numbered(3)),
    "quoted-badly.csv": Kind("SPRING-2 SPRING-4", "2,bad_quoting 4,bad_quoting 6,bad_quoting"),
    "codes-that-are-none.csv": Kind("6 SPRING-7", f"{NO_CODES} 8,empty"),
    "spaces.csv": Kind("SPRING-1 SPRING-2:external SPRING-3"),
    "code-too-long.csv": Kind("X" * 128, "2,too_long"),
    "line-too-long.csv": Kind("SPRING-1 SPRING-3", "2,line_too_long 4,line_too_long"),
    "nul.csv": Kind("SPRING-1 SPRING-3", "2,bad_character 3,bad_character 5,bad_character"),
    "latin-1.csv": Kind("SPRING-1", reason="not_utf8"),
    "utf-16.csv": Kind(reason="not_utf8"),
    "utf-16-without-bom.csv": Kind(rejects="1,bad_character 2,bad_character 3,bad_character 4,bad_character"),
    "utf-8-cut.csv": Kind("SPRING-1", reason="not_utf8"),
    "empty.csv": Kind(reason="empty"),
    "blank-lines-alone.csv": Kind(reason="empty"),
    "blank-lines-between.csv": Kind(numbered(2)),
    "one-line-without-end.csv": Kind(numbered(1)),
    "code-types.csv": Kind("SPRING-1 SPRING-2:external SPRING-3 SPRING-4 SPRING-5:external"),
    "code-type-unknown.csv": Kind("SPRING-1 SPRING-4:external", "3,code_type 4,code_type"),
    "code-missing.csv": Kind(numbered(2), "3,empty 4,empty 5,empty"),
    "duplicates.csv": Kind("SPRING-1 spring-1 SPRING-2", duplicates=2),
    "semicolons.csv": Kind("SPRING-1;Ann SPRING-2;Bob"),
    "tabs.csv": Kind(rejects="1,bad_character 2,bad_character"),
    "packed.csv.gz": Kind(numbered(2)),
    "PACKED-CAPITALS.CSV.GZ": Kind(numbered(1)),
    "packed-members.csv.gz": Kind(numbered(3)),
    "packed-and-padded.csv.gz": Kind(numbered(1)),
    "packed-marked.csv": Kind(numbered(2)),
    "packed-unmarked.csv": Kind(reason="not_utf8"),
    "packed-empty.csv.gz": Kind(reason="empty"),
    "packed-no-bytes.csv.gz": Kind(reason="empty"),
    "packed-truncated.csv.gz": Kind(numbered(398), reason="bad_gzip"),
    "packed-wrong-crc.csv.gz": Kind(reason="bad_gzip"),
    "packed-corrupted.csv.gz": Kind(reason="bad_gzip"),
    "packed-and-more.csv.gz": Kind("SPRING-1", reason="bad_gzip"),
    "packed-twice.csv.gz": Kind(reason="not_utf8"),
    "packed-by-name-only.csv.gz": Kind(reason="bad_gzip"),
    "packed-latin-1.csv.gz": Kind("SPRING-1", reason="not_utf8"),
    "zip.csv": Kind(reason="not_utf8"),
    "zip.csv.gz": Kind(reason="bad_gzip"),
}
ROWS: Final = f"{numbered(1_001)}\n".replace(" ", "\n").encode()
MADE: Final[Mapping[str, tuple[bytes, Kind]]] = {
    "made-as-many-rows-as-allowed.csv": (ROWS.removesuffix(b"SPRING-1001\n"), Kind(numbered(1_000))),
    "made-one-row-too-many.csv": (ROWS, Kind(numbered(1_000), reason="too_many_rows")),
    "made-large-text.csv": (b"x" * 19_001, Kind(reason="too_large")),
    "made-large-pack.csv.gz": (gzip.compress(Random(1).randbytes(20_000)), Kind(reason="too_large")),
    "made-large-unfolded.csv.gz": (gzip.compress(ROWS[:800] + b"\n" * 20_000), Kind(reason="too_large")),
}
"""Larger than what belongs into a repository."""
ALL: Final = {**KINDS, **{key: kind for key, (_, kind) in MADE.items()}}


@pytest.fixture(scope="module")
def found(stack: devstack.Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """What became of all files, imported by one importer, in whose log there is no code."""
    log = tmp_path_factory.mktemp("kinds") / "importer.log"
    found = asyncio.run(imported(fresh_environment(stack), log))
    assert "SPRING" not in log.read_text()
    return found


async def imported(environment: Mapping[str, str], log: Path) -> dict[str, Found]:
    """Import every file into a campaign of its own."""
    async with importing(environment, log, **LIMITS) as bench:
        for key in ALL:
            body = MADE[key][0] if key in MADE else (FOLDER / key).read_bytes()
            more = {"ContentEncoding": "gzip"} if key == "packed-marked.csv" else {}
            bench.files.put(key, body, **more)
            await bench.ask(key)
        found = await bench.found(len(ALL), timeout_s=90)
        await check_books(bench.neighbour, bench.db)
        return found


def test_every_file_has_a_claim() -> None:
    """Each entry of the table has a file, and each file an entry."""
    assert sorted(KINDS) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("key", ALL)
def test_a_kind_of_file(key: str, found: Mapping[str, Found]) -> None:
    """It imports, or fails with the reason; codes, types, counts and the report are exactly those of the table."""
    event, codes, report = found[key]
    kind = ALL[key]
    rejects = kind.rejects.split()
    expected = [word.partition(":external") for word in kind.codes.split()]

    assert ("failed" if kind.reason else "completed", kind.reason) == (event["state"], event["reason"])
    assert {code: "external" if mark else "tm" for code, mark, _ in expected} == codes
    figures = {"inserted": len(codes), "duplicates_in_file": kind.duplicates, "rejected": len(rejects)}
    assert nonzero({"rows_read": sum(figures.values()), **figures}) == counts(event)
    assert "".join(f"{line}\n" for line in ("line,reason", *rejects) if rejects) == report


@pytest.mark.parametrize("key", ALL)
def test_an_end_says_how_large_the_file_was(key: str, found: Mapping[str, Found]) -> None:
    """All of its bytes are read at a completed one's end, and never more than it has."""
    event = found[key].event
    size = len(MADE[key][0]) if key in MADE else (FOLDER / key).stat().st_size

    assert size == event["bytes_total"]
    assert 0 <= event["bytes_read"] <= size
    assert event["state"] == "failed" or size == event["bytes_read"]


def nonzero(figures: Mapping[str, int]) -> dict[str, int]:
    """As `counts` gives them."""
    return {name: figure for name, figure in figures.items() if figure}
