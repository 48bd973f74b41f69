"""`codes reconcile --reservations` on real parts: names what was changed by hand, and nothing else."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.reconcile.comparing import compare
from ops.settings.load import Settings
from schemas.topics import ASSIGN, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.neighbouring import Sale
from tests.integration.reconciling import traffic
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

LOOKS = 20


def a_request(request_id: str, **more: Any) -> dict[str, Any]:
    return {"request_id": request_id, "campaign_id": "spring", "fan_id": "fan-1", **more}


async def test_what_disagrees_is_named(
    sale: Sale, environment: dict[str, str], migrated: Settings, db: Database
) -> None:
    """Reservations with their reason, codes that nobody names; in words, as JSON lines, and for one campaign only."""
    codes = Codes(environment)
    for number in range(4):
        await sale.neighbour.send(RESERVE, a_request(f"r-{number}"), partition=0)
    await sale.neighbour.records(RESULTS, 4)
    await sale.neighbour.send(ASSIGN, a_request("a-0", reservation_id="r-0"))
    await sale.neighbour.records(RESULTS, 5)
    sound = await codes("reconcile", "--reservations")
    held = {hold["_id"]: hold["code_ids"][0] async for hold in db["reservations"].find()}
    await db["codes"].delete_one({"_id": held["r-0"]})
    await db["codes"].update_one({"_id": held["r-1"]}, {"$set": {"status": "available"}})
    await db["codes"].update_one({"_id": held["r-2"]}, {"$set": {"moved_by": "another"}})
    await db["reservations"].delete_one({"_id": "r-3"})

    shown, lines, elsewhere = await asyncio.gather(
        codes("reconcile", "--reservations"),
        codes("reconcile", "--reservations", "--json"),
        codes("reconcile", "--reservations", "--campaign", "nowhere"),
    )

    assert (0, 1, 1) == (sound.code, shown.code, lines.code)
    assert "inconsistent 0" in sound.out
    assert "inconsistent 0" in elsewhere.out
    *found, sums = (orjson.loads(line) for line in lines.out.splitlines())
    assert {
        "r-0": "code_ids: 1 of 1 missing",
        "r-1": "code_ids: 1 of 1 available instead of reserved",
        "r-2": "code_ids: 1 of 1 of another reservation",
        held["r-3"]: "reserved, and no reservation names it",
    } == {finding["id"]: finding["reason"] for finding in found}
    assert 4 == sums["inconsistent"]
    assert all(finding["id"] in shown.out for finding in found)


async def test_nothing_is_named_while_the_service_works(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """What is being moved is no disagreement."""
    await stocked("sale", 2_000)
    found: list[dict[str, Any]] = []
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        async with traffic(neighbour):
            await neighbour.records(RESULTS, 10)
            for _ in range(LOOKS):
                assert 0 == await compare(migrated, [], found.append)
        worker.signal(signal.SIGTERM)  # one that is killed leaves a transaction open
        assert 0 == await worker.ended()

    assert [] == found
