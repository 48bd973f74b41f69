"""Two importers and all that may happen to them at once: what they leave is exact.

`CODES_TEST_KILLS` raises the number of kills; `CODES_TEST_SEED` repeats a run, whose seed a failure prints.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

import pytest

from schemas.topics import IMPORT, IMPORTS
from stores.mongo.connection import Database
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.long_import import SMALL, put_text
from tests.integration.running import Neighbour, Role, running

KILLS: Final = int(os.environ.get("CODES_TEST_KILLS", "3"))
SEED: Final = int(os.environ.get("CODES_TEST_SEED") or SystemRandom().randrange(2**32))
SECONDS_PER_KILL: Final = 30
ROWS: Final = 1_000 + 1_000 * KILLS
"""Of one file; the other one shares half of its codes."""
SLOW: Final = {**SMALL, "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "20"}
FILES: Final = 2
ENDINGS: Final = (signal.SIGKILL, signal.SIGTERM)
POINTS: Final = ("before_chunk:kill", "after_chunk:kill")

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120 + SECONDS_PER_KILL * KILLS)]
Begin = Callable[..., Awaitable[Role]]
"""Starts an importer, with settings of its own."""


@pytest.fixture
async def begin(environment: dict[str, str], neighbour: Neighbour, tmp_path: Path) -> AsyncIterator[Begin]:
    """Importers that are killed at the end, those that still run."""
    async with AsyncExitStack() as roles:
        logs = count()

        async def started(**more: str) -> Role:
            log = tmp_path / f"{next(logs)}.log"
            return await roles.enter_async_context(running("importer", environment, log, **more))

        yield started


def overlapping(start: int) -> bytes:
    """Codes from a number on, some twice, and some rows without any."""
    rows = [f"CODE-{start + number:06}" for number in range(ROWS)]
    return "\n".join(["code", *rows, *rows[::10], *("A B" for _ in rows[::10])]).encode()


async def rows_read(db: Database) -> int:
    """The rows that all imports have read."""
    return sum([document["rows_read"] async for document in db["imports"].find({})])


async def goes_on(db: Database) -> None:
    """Wait until some rows more are read, or nothing is left to read."""
    before = await rows_read(db)
    async with asyncio.timeout(SECONDS_PER_KILL):
        while True:
            done = await db["imports"].count_documents({"state": "completed"})
            if done == FILES or await rows_read(db) > before:
                return
            await asyncio.sleep(0.02)


@pytest.mark.thorough
async def test_overlapping_imports_under_kills(
    begin: Begin, neighbour: Neighbour, files: Files, db: Database
) -> None:
    """Two files into one campaign, from two processes: killed at a point, killed and stopped at random, replaced.

    Each valid code of either file is there once, and each import counts each of its rows once.
    """
    print(f"CODES_TEST_SEED={SEED}")  # noqa: T201  # seen only if the test fails
    random = Random(SEED)
    for partition in range(FILES):
        files.put(f"{partition}.csv", overlapping(partition * ROWS // 2))
        command = files.command(f"{partition}.csv", f"i{partition}")
        await neighbour.send(IMPORT, command, key=b"sale", partition=partition)
    point = f"{random.choice(POINTS)}:{random.randrange(1, 50)}"
    crew = [await begin(**SLOW, CODES_FAILPOINT=point), await begin(**SLOW)]
    assert -signal.SIGKILL == await crew.pop(0).ended(60)
    crew.append(await begin(**SLOW))
    for sent in (*random.choices(ENDINGS, k=KILLS - 1), signal.SIGTERM):
        await goes_on(db)
        await asyncio.sleep(random.uniform(0, 0.5))
        doomed = crew.pop(random.randrange(2))
        doomed.signal(sent)
        await doomed.ended()
        crew.append(await begin(**SLOW))
    await check_both(neighbour, files, db)


async def check_both(neighbour: Neighbour, files: Files, db: Database) -> None:
    """The counts of two imports, however they were mixed."""
    found = await ends(neighbour, FILES, timeout_s=120)
    assert ["i0", "i1"] == sorted(event["import_id"] for event in found)
    few = ROWS // 10
    for event in found:
        assert ("completed", ROWS + 2 * few, few) == (event["state"], event["rows_read"], event["rejected"])
        assert few + 1 == files.text(event["report"]).count("\n")
    codes = [code["code"] async for code in db["codes"].find({}, {"code": 1})]
    assert [f"CODE-{number:06}" for number in range(ROWS + ROWS // 2)] == sorted(codes)
    await neighbour.values(IMPORTS, 1, settle_s=0.5)
    await check_books(neighbour, db)


async def test_one_command_on_two_partitions(begin: Begin, neighbour: Neighbour, files: Files, db: Database) -> None:
    """Two processes get the same command at the same time: they take the import from one another, until it ends once.

    Both tell the same end, word by word.
    """
    put_text(files, "plain.csv")
    for partition in range(2):
        await neighbour.send(IMPORT, files.command("plain.csv"), key=b"sale", partition=partition)
    for _ in range(2):
        await begin(**SMALL)
    first, second = await ends(neighbour, 2, timeout_s=90)

    assert first == second
    assert 1 == await db["imports"].count_documents({})
    assert {"rows_read": 9_000, "inserted": 3_000, "duplicates_in_file": 3_000, "rejected": 3_000} == counts(first)
    assert 3_000 == len(set(await db["codes"].distinct("code")))
    await check_books(neighbour, db)
