"""S3 or MongoDB unavailable during an import: the importer retries, and the import ends as without the outage.

`CODES_TEST_OUTAGE_S` makes each outage longer than the few seconds of a normal run, which is already longer than
every time-out and wait that the importer has here.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import pytest

from schemas.topics import IMPORT
from stores.mongo.connection import Database
from tests.fakes.proxy import Manner, proxied
from tests.integration.importing import Files
from tests.integration.long_import import ROWS, SMALL, check_exact, put_text, reached
from tests.integration.running import Neighbour, running

OUTAGE_S: Final = float(os.environ.get("CODES_TEST_OUTAGE_S", "3"))

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120 + 2 * OUTAGE_S)]

HURRIED: Final = {
    **SMALL,
    "CODES_IMPORTER__RANGE_BYTES": "1024",
    "CODES_S3__TIMEOUT_MS": "500",
    "CODES_MONGO__TIMEOUT_MS": "500",
    "CODES_WORKER__BACKOFF_MAX_MS": "300",
}


@pytest.mark.parametrize(
    ("key", "manner"),
    [pytest.param("plain.csv", "refused", marks=pytest.mark.long), ("packed.csv.gz", "silent")],
)
async def test_s3_and_then_mongodb_unavailable(
    key: str,
    manner: Manner,
    environment: dict[str, str],
    neighbour: Neighbour,
    files: Files,
    db: Database,
    tmp_path: Path,
) -> None:
    """Neither outage ends the process or the import; `/ready` names the missing part, and no row is lost."""
    put_text(files, key)
    s3_address, mongo_address = environment["CODES_S3__ENDPOINT_URL"], environment["CODES_MONGO__URI"]
    async with proxied(s3_address) as (s3, s3_way), proxied(mongo_address) as (mongo, mongo_way):
        ways = {"CODES_S3__ENDPOINT_URL": s3_way, "CODES_MONGO__URI": mongo_way}
        async with running("importer", environment, tmp_path / "importer.log", **HURRIED, **ways) as role:
            await role.until_ready()
            await neighbour.send(IMPORT, files.command(key), key=b"sale")
            for part, proxy, rows in (("s3", s3, 500), ("mongo", mongo, 4_000)):
                await reached(db, rows)
                async with proxy.unavailable(manner):
                    await role.until_missing(part)
                    await asyncio.sleep(OUTAGE_S)
                    assert (200, None) == ((await role.get("/live"))[0], role.process.returncode)
                    assert 3 * ROWS > await reached(db, rows)
            await check_exact(neighbour, files, db)
            await role.until_ready()
