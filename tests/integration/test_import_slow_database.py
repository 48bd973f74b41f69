"""A database that takes time by the row, and gives up before a chunk of full size is written."""

import asyncio
import signal
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from roles.process import CUT_SHORT_S, EXIT_S, GRACE_S
from schemas.topics import IMPORT
from stores.mongo.connection import Database
from tests.fakes.proxy import proxied
from tests.integration.importing import Files
from tests.integration.long_import import SMALL, check_exact, put_text
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration

ROWS_PER_CHUNK: Final = 2_000
LARGE: Final = {**SMALL, "CODES_IMPORTER__RANGE_BYTES": "65536", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "2000"}
BYTES_PER_S: Final = 120_000
"""A chunk of full size has some 250,000 bytes: two seconds of the one that it has."""
TIMEOUT_MS: Final = "1000"
STOP_BUDGET_S: Final = 2
BUSY_S: Final = 5
"""For a machine that is busy with other tests."""
STOP_S_MAX: Final = STOP_BUDGET_S + GRACE_S + CUT_SHORT_S + EXIT_S + BUSY_S
PATIENCE_S: Final = 60
WELL_IN_IT_S: Final = 3
"""Its codes are looked up, and most of its time is to come; later or earlier the stop must be as quick."""


@pytest.mark.parametrize("key", ["packed.csv.gz", pytest.param("plain.csv", marks=pytest.mark.long)])
async def test_a_chunk_that_is_never_in_time_is_halved(
    key: str, environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """The import goes through with exact counts, and the log says which setting would spare the time."""
    put_text(files, key)
    async with proxied(environment["CODES_MONGO__URI"]) as (proxy, way):
        slow = {**LARGE, "CODES_MONGO__URI": way, "CODES_MONGO__TIMEOUT_MS": TIMEOUT_MS}
        async with running("importer", environment, tmp_path / "importer.log", **slow) as role:
            await role.until_ready()
            proxy.bytes_per_s = BYTES_PER_S
            await neighbour.send(IMPORT, files.command(key), key=b"sale")
            await check_exact(neighbour, files, db)
            halved = role.logged("chunk_halved")

    assert ROWS_PER_CHUNK // 2 == halved[0]["rows"]
    assert {("i1", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX")} == {
        (line["request_id"], line["setting"]) for line in halved
    }


async def stopped_s(role: Role) -> float:
    """How long it takes to end after SIGTERM."""
    began_s = monotonic()
    role.signal(signal.SIGTERM)
    assert 0 == await role.ended()
    return monotonic() - began_s


@pytest.mark.thorough
async def test_a_stop_in_such_a_chunk(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """It ends within its budget although the chunk would take longer; the next importer goes on."""
    put_text(files, "plain.csv")
    async with proxied(environment["CODES_MONGO__URI"]) as (proxy, way):
        slow = {**LARGE, "CODES_MONGO__URI": way, "CODES_WORKER__STOP_BUDGET_S": str(STOP_BUDGET_S)}
        async with running("importer", environment, tmp_path / "importer.log", **slow) as role:
            await role.until_ready()
            proxy.bytes_per_s = BYTES_PER_S / 8
            await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale")
            await role.until_logged("import_began", timeout_s=PATIENCE_S)
            await asyncio.sleep(WELL_IN_IT_S)
            assert await stopped_s(role) < STOP_S_MAX
    async with running("importer", environment, tmp_path / "next.log", **SMALL):
        await check_exact(neighbour, files, db)
