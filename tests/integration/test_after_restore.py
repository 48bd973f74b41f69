"""A database restored to an earlier moment, mended as docs/handbook/disasters.md says."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from schemas.topics import ASSIGNED
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.restoring import (
    assign,
    backup_of,
    decide,
    latest,
    published_counts,
    release,
    reserve,
    restore,
    serving,
    straight,
)
from tests.integration.running import Neighbour
from tests.places import ROOT

pytestmark = pytest.mark.integration

SCRIPT: Final = ROOT / "docs/handbook/after_restore.py"
CODES: Final = 6


async def test_no_code_that_a_fan_received_goes_to_another_fan(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """All six codes were published before the restore or requested after it: each has one fan, counts are true."""
    await stocked("sale", CODES)
    async with serving(environment, tmp_path / "w1.log"):
        await decide(neighbour, 2, reserve("r0"), reserve("r1"))
        await decide(neighbour, 3, assign("a0", "r0"))
        backup = await backup_of(db)
        await decide(neighbour, 5, assign("a1", "r1"), straight("s0"))
        await decide(neighbour, 6, reserve("r2"))
    await restore(db, backup)

    await mend(environment)

    async with serving(environment, tmp_path / "w2.log"):
        await decide(neighbour, 9, assign("a1", "r1"), straight("s0"), assign("a2", "r2"))
        await decide(neighbour, 13, *(straight(f"s{number}") for number in range(1, 5)))
        results = await latest(neighbour, 7)
        events = await neighbour.values(ASSIGNED, CODES)
        counts = await published_counts(neighbour)
    assert {
        "a1": "reservation_assigned",
        "s0": "request_id_reused",
        "a2": "reservation_not_found",
    } == {result["request_id"]: result["reason"] for result in results[:3]}
    assert Counter({None: 3, "out_of_stock": 1}) == Counter(result["reason"] for result in results[3:])
    assert (CODES, CODES) == (len(events), len({event["code_id"] for event in events}))
    assert {"sale": (0, 0, CODES)} == counts
    assert CODES == await db["codes"].count_documents({"status": "assigned"})


@pytest.mark.long
async def test_a_hold_that_was_let_go_later_blocks_nothing(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """Held by one fan in the backup, released and assigned to another one after it: the first hold is over."""
    await stocked("sale", 1)
    async with serving(environment, tmp_path / "w1.log"):
        await decide(neighbour, 1, reserve("r0"))
        backup = await backup_of(db)
        await decide(neighbour, 2, release("e0", "r0"))
        await decide(neighbour, 3, straight("s0"))
    await restore(db, backup)

    await mend(environment)

    async with serving(environment, tmp_path / "w2.log"):
        await decide(neighbour, 4, release("e1", "r0"))
        [result] = await latest(neighbour, 1)
    assert "reservation_released" == result["reason"]
    assert {"_id": "s0", "state": "assigned"} == await db["reservations"].find_one({"_id": "s0"}, {"state": 1})


async def mend(environment: dict[str, str]) -> None:
    """Run the handbook's steps as they are written."""
    codes = Codes(environment)
    tailed = await codes("tail", "assigned.v1", "--no-follow", "--json", "--reveal")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), stdin=asyncio.subprocess.PIPE, env=codes.environment
    )
    await process.communicate(tailed.out.encode())
    assert 0 == process.returncode
    assert 0 == (await codes("reconcile", "--repair", "--retell")).code
