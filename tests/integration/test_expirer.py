"""`codes expirer`: what is overdue comes back, by the way of any release."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import INVENTORY, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


def reserve(request_id: str, ttl_s: int) -> dict[str, Any]:
    return {"request_id": request_id, "campaign_id": "sale", "fan_id": "fan", "quantity": 2, "ttl_s": ttl_s}


async def test_overdue_reservations_are_released_and_others_stay(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Two expirers at once: each overdue hold is released, with a result and the cause `expire`."""
    await stocked("sale", 40)
    async with (
        running("worker", environment, tmp_path / "worker.log") as worker,
        running("expirer", environment, tmp_path / "e1.log") as one,
        running("expirer", environment, tmp_path / "e2.log") as two,
    ):
        await worker.until_ready()
        await one.until_ready()
        for number in range(10):
            await neighbour.send(RESERVE, reserve(f"short-{number}", 1))
        await neighbour.send(RESERVE, reserve("long", 600))
        held = await neighbour.values(RESULTS, 11)
        results = await neighbour.values(RESULTS, 21, settle_s=2)
        for role in (one, two):
            role.signal(signal.SIGTERM)
            assert 0 == await role.ended()

    released = {value["reservation_id"] for value in results if value["outcome"] == "released"}
    assert {"reserved"} == {value["outcome"] for value in held}
    assert {f"short-{number}" for number in range(10)} == released
    states = Counter([one["state"] async for one in db["reservations"].find({})])
    assert {"expired": 10, "held": 1} == states
    assert 38 == await db["codes"].count_documents({"status": "available"})
    causes = {event["cause"] for event in await neighbour.values(INVENTORY, 2)}
    assert {"reserve", "expire"} == causes


async def test_an_expiry_asked_too_early_is_refused_and_the_hold_stays(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """An expirer whose clock is fast takes nothing from a fan."""
    await stocked("sale", 4)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("r1", 600))
        await neighbour.values(RESULTS, 1)
        early = {"request_id": "expire:r1:1", "campaign_id": "sale", "reservation_id": "r1", "reason": "expired"}
        await neighbour.send(RELEASE, early)
        [_, refused] = await neighbour.values(RESULTS, 2)

    assert ("refused", "invalid_request") == (refused["outcome"], refused["reason"])
    assert ["held"] == [one["state"] async for one in db["reservations"].find({})]
