"""Importers killed at named points and at random ones: an import ends with exact counts, whatever happened to it."""

import asyncio
import gzip
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from schemas.topics import IMPORT, IMPORTS
from stores.mongo.connection import Database
from tests.integration.importing import Files, check_books, counts, ends, some_files
from tests.integration.running import Neighbour, is_stopped, running, until

pytestmark = pytest.mark.integration

ROWS = 3_000
TEXT = "code\n" + "".join(f"CODE-{number:05}\nCODE-{number // 2:05}\nCODE {number}\n" for number in range(ROWS))
EXPECTED = {"rows_read": 3 * ROWS, "inserted": ROWS, "duplicates_in_file": ROWS, "rejected": ROWS}
SMALL = {
    "CODES_IMPORTER__RANGE_BYTES": "4096",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.1",
}
KILLS = 4


@pytest.fixture
def files(environment: dict[str, str]) -> Iterator[Files]:
    """A bucket of this test's own."""
    with some_files(environment) as files:
        yield files


async def check_end(neighbour: Neighbour, files: Files, db: Database) -> None:
    """One end event, of one identity; exact counts; a whole report; true books."""
    [end] = await ends(neighbour, 1)
    assert ("completed", EXPECTED) == (end["state"], counts(end))
    assert ROWS + 1 == files.text(end["report"]).count("\n")
    assert ROWS == await db["codes"].count_documents({})
    assert 0 == await db["rejects"].count_documents({})
    events = await neighbour.values(IMPORTS, 1, settle_s=0.5)
    assert 1 == sum(event["state"] != "running" for event in events)
    rows = [event["rows_read"] for event in events]
    assert sorted(rows) == rows
    await check_books(neighbour, db)


@pytest.mark.parametrize("point", ["before_chunk:kill:3", "after_chunk:kill:3", "before_import_end:kill"])
@pytest.mark.parametrize("key", ["plain.csv", "packed.csv.gz"])
async def test_an_importer_killed_at_a_named_point(
    point: str,
    key: str,
    environment: dict[str, str],
    neighbour: Neighbour,
    files: Files,
    db: Database,
    tmp_path: Path,
) -> None:
    """SIGKILL before a chunk's transaction, after it, and before the one that ends the import; the heir goes on."""
    files.put(key, gzip.compress(TEXT.encode()) if key.endswith(".gz") else TEXT.encode())
    await neighbour.send(IMPORT, files.command(key), key=b"sale")
    async with running("importer", environment, tmp_path / "doomed.log", **SMALL, CODES_FAILPOINT=point) as doomed:
        assert -signal.SIGKILL == await doomed.ended()
    async with running("importer", environment, tmp_path / "heir.log", **SMALL):
        await check_end(neighbour, files, db)


async def test_importers_killed_at_random(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """One after the other is killed, in whatever it does; the last one brings the import to its end."""
    files.put("plain.csv", TEXT.encode())
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    random = Random(4)
    for number in range(KILLS):
        async with running("importer", environment, tmp_path / f"{number}.log", **SMALL) as doomed:
            await doomed.until_logged("assigned")
            await asyncio.sleep(random.uniform(0.1, 0.5))
            doomed.signal(signal.SIGKILL)
            await doomed.ended()
    async with running("importer", environment, tmp_path / "last.log", **SMALL):
        await check_end(neighbour, files, db)


async def test_a_paused_importer_is_fenced_when_it_goes_on(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """Stopped before a chunk until another has brought the import to its end, it then writes nothing more."""
    files.put("plain.csv", TEXT.encode())
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    paused = {**SMALL, "CODES_FAILPOINT": "before_chunk:stop:3"}
    async with running("importer", environment, tmp_path / "paused.log", **paused) as first:
        await until(lambda: is_stopped(first.pid), "the importer stops at its failpoint", 20)
        async with running("importer", environment, tmp_path / "heir.log", **SMALL):
            await ends(neighbour, 1)
            before = await db["imports"].find_one({"_id": "i1"})
            first.signal(signal.SIGCONT)
            await first.until_logged("fenced")
            await check_end(neighbour, files, db)
            assert before == await db["imports"].find_one({"_id": "i1"})


async def test_a_stopped_importer_ends_in_time_and_the_next_goes_on(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """SIGTERM in the midst of an import: exit 0 at the chunk's end, nothing committed, nothing lost."""
    files.put("plain.csv", TEXT.encode())
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    slow = {**SMALL, "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "1"}
    async with running("importer", environment, tmp_path / "first.log", **slow) as first:
        await neighbour.records(IMPORTS, 2)
        first.signal(signal.SIGTERM)
        assert 0 == await first.ended(timeout_s=10)
    halfway = await db["imports"].find_one({"_id": "i1"}) or {}
    assert "running" == halfway["state"]
    assert 0 < halfway["rows_read"] < 3 * ROWS
    async with running("importer", environment, tmp_path / "next.log", **SMALL):
        await check_end(neighbour, files, db)
