"""Importers killed at named points and at random ones: an import ends with exact counts, whatever happened to it."""

import asyncio
import signal
from pathlib import Path
from random import Random

import pytest

from schemas.topics import IMPORT, IMPORTS
from stores.mongo.connection import Database
from tests.fakes.proxy import proxied
from tests.integration.importing import Files, ends
from tests.integration.long_import import ROWS, SMALL, body_of, check_exact, put_text
from tests.integration.running import Neighbour, Role, is_stopped, running, until

pytestmark = pytest.mark.integration

KILLS = 4


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("before_chunk:kill:3", marks=pytest.mark.thorough),
        "after_chunk:kill:3",
        "before_report:kill",
        pytest.param("before_import_end:kill", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("key", ["packed.csv.gz", pytest.param("plain.csv", marks=pytest.mark.long)])
async def test_an_importer_killed_at_a_named_point(
    point: str,
    key: str,
    environment: dict[str, str],
    neighbour: Neighbour,
    files: Files,
    db: Database,
    tmp_path: Path,
) -> None:
    """SIGKILL before a chunk's transaction, after it, and before the one that ends the import; the heir goes on.

    It asks S3 for the rest of a plain object only; a gzip is read from its begin, and counted rows are not written.
    """
    put_text(files, key)
    await neighbour.send(IMPORT, files.command(key), key=b"sale")
    async with running("importer", environment, tmp_path / "doomed.log", **SMALL, CODES_FAILPOINT=point) as doomed:
        assert -signal.SIGKILL == await doomed.ended()
    reached = (await db["imports"].find_one({"_id": "i1"}) or {})["position"]
    async with proxied(environment["CODES_S3__ENDPOINT_URL"]) as (s3, way):
        through = {**SMALL, "CODES_S3__ENDPOINT_URL": way}
        async with running("importer", environment, tmp_path / "heir.log", **through):
            await check_exact(neighbour, files, db)
    starts = [first for first, _ in s3.ranges]
    assert list(range(0 if key.endswith(".gz") else reached, len(body_of(key)), 4_096)) == starts


@pytest.mark.thorough
async def test_importers_killed_at_random(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """One after the other is killed, in whatever it does; the last one brings the import to its end."""
    put_text(files, "plain.csv")
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    random = Random(4)
    for number in range(KILLS):
        async with running("importer", environment, tmp_path / f"{number}.log", **SMALL) as doomed:
            await doomed.until_logged("assigned")
            await asyncio.sleep(random.uniform(0.1, 0.5))
            doomed.signal(signal.SIGKILL)
            await doomed.ended()
    async with running("importer", environment, tmp_path / "last.log", **SMALL):
        await check_exact(neighbour, files, db)


async def until_given_up(importer: Role) -> None:
    """It is fenced when it writes, or its group tells it before that the partition has another owner."""
    await until(
        lambda: bool(importer.logged("fenced") or importer.logged("import_left")), "it gives the import up", 90
    )


async def test_a_paused_importer_is_fenced_when_it_goes_on(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """Stopped before a chunk until another has brought the import to its end, it then writes nothing more."""
    put_text(files, "plain.csv")
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    paused = {**SMALL, "CODES_FAILPOINT": "before_chunk:stop:3"}
    async with running("importer", environment, tmp_path / "paused.log", **paused) as first:
        await until(lambda: is_stopped(first.pid), "the importer stops at its failpoint", 20)
        async with running("importer", environment, tmp_path / "heir.log", **SMALL):
            await ends(neighbour, 1)
            before = await db["imports"].find_one({"_id": "i1"})
            first.signal(signal.SIGCONT)
            await until_given_up(first)
            await check_exact(neighbour, files, db)
            assert before == await db["imports"].find_one({"_id": "i1"})


async def test_an_importer_paused_before_its_report_leaves_the_heirs(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """Its heir writes the report, ends the import and removes the rows; then nothing is left to report."""
    put_text(files, "plain.csv")
    await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
    paused = {**SMALL, "CODES_FAILPOINT": "before_report:stop"}
    async with running("importer", environment, tmp_path / "paused.log", **paused) as first:
        await until(lambda: is_stopped(first.pid), "the importer stops at its failpoint", 60)
        async with running("importer", environment, tmp_path / "heir.log", **SMALL):
            [end] = await ends(neighbour, 1, timeout_s=60)
            before = files.text(end["report"])
            first.signal(signal.SIGCONT)
            await until_given_up(first)
            assert before == files.text(end["report"])
            await check_exact(neighbour, files, db)


async def test_a_stopped_importer_ends_in_time_and_the_next_goes_on(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """SIGTERM during an import: exit 0 at the chunk's end, no offset committed, nothing lost."""
    put_text(files, "plain.csv")
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
        await check_exact(neighbour, files, db)
