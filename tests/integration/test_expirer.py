"""`codes expirer`: overdue codes become available again through ordinary release requests."""

import asyncio
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, INVENTORY, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.fakes.stocking import put_holds
from tests.integration.conftest import PutCodes
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration


async def test_overdue_reservations_are_released_and_others_stay(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Two expirers at once: each overdue hold is released, with a result and the cause `expire`."""
    await stocked("sale", 40)
    async with (
        running("worker", environment, tmp_path / "worker.log") as worker,
        running("expirer", environment, tmp_path / "e1.log") as first,
        running("expirer", environment, tmp_path / "e2.log") as second,
    ):
        await worker.until_ready()
        await first.until_ready()
        for number in range(10):
            await neighbour.send(RESERVE, reserve(f"short-{number}", quantity=2, ttl_s=1))
        await neighbour.send(RESERVE, reserve("long", quantity=2, ttl_s=600))
        held = await neighbour.values(RESULTS, 11)
        results = await neighbour.values(RESULTS, 21, settle_s=2)
        for role in (first, second):
            role.signal(signal.SIGTERM)
            assert 0 == await role.ended()

    released = {value["reservation_id"] for value in results if value["outcome"] == "released"}
    assert {"reserved"} == {value["outcome"] for value in held}
    assert {f"short-{number}" for number in range(10)} == released
    states = Counter([reservation["state"] async for reservation in db["reservations"].find({})])
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
        await neighbour.send(RESERVE, reserve("r1", quantity=2, ttl_s=600))
        await neighbour.values(RESULTS, 1)
        early = {"request_id": "expire:r1:1", "campaign_id": "sale", "reservation_id": "r1", "reason": "expired"}
        await neighbour.send(RELEASE, early)
        [_, refused] = await neighbour.values(RESULTS, 2)

    assert ("refused", "invalid_request") == (refused["outcome"], refused["reason"])
    assert ["held"] == [reservation["state"] async for reservation in db["reservations"].find({})]


def assign(request_id: str, reservation_id: str) -> dict[str, Any]:
    """By the fan whom `put_holds` gave it."""
    fan_id = f"fan-of-{reservation_id}"
    return {"request_id": request_id, "campaign_id": "sale", "fan_id": fan_id, "reservation_id": reservation_id}


async def held_back_s(expirer: Role) -> float:
    """The value of the expirer's gauge."""
    _, text = await expirer.get("/metrics")
    return float(text.partition("\ncodes_expiry_held_back_seconds ")[2].split("\n")[0])


async def test_an_assign_asked_in_time_wins_however_long_the_queue_is(
    environment: dict[str, str], neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """Nobody decides assigns when the time is over: the expirer asks for nothing, and says that it waits."""
    expires_at = datetime.now(UTC) + timedelta(seconds=2)
    await put_holds(db, "sale", 2, expires_at)
    asked = await neighbour.send(ASSIGN, assign("in-time", "sale-0"), partition=0)
    assert asked.timestamp < expires_at.timestamp() * 1000
    async with running("expirer", environment, tmp_path / "expirer.log") as expirer:
        await expirer.until_ready()
        await asyncio.sleep(max(0.0, (expires_at - datetime.now(UTC)).total_seconds()))
        late = await neighbour.records(RELEASE, 0, settle_s=3)
        waited_s = await held_back_s(expirer)
        async with running("worker", environment, tmp_path / "worker.log"):
            results = {value["reservation_id"]: value for value in await neighbour.values(RESULTS, 2)}

    assert [] == late
    assert waited_s > 3
    assert ("assign", "assigned") == (results["sale-0"]["operation"], results["sale-0"]["outcome"])
    assert ("release", "released") == (results["sale-1"]["operation"], results["sale-1"]["outcome"])
    assert {"sale-0": "assigned", "sale-1": "expired"} == await states(db)


async def test_an_assign_asked_too_late_holds_no_expiry_back(
    environment: dict[str, str], neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """It waits undecided, and is refused when it is decided; the release is asked for before that."""
    await put_holds(db, "sale", 1, datetime.now(UTC) - timedelta(seconds=5))
    await neighbour.send(ASSIGN, assign("late", "sale-0"), partition=0)
    async with running("expirer", environment, tmp_path / "expirer.log"):
        [release] = await neighbour.values(RELEASE, 1)
        async with running("worker", environment, tmp_path / "worker.log"):
            results = {value["request_id"]: value for value in await neighbour.values(RESULTS, 2)}

    assert ("refused", "reservation_expired") == (results["late"]["outcome"], results["late"]["reason"])
    assert "released" == results[release["request_id"]]["outcome"]
    assert {"sale-0": "expired"} == await states(db)


async def test_a_killed_expirers_share_is_taken_over(
    environment: dict[str, str], neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """The remaining expirers take its share over, as soon as the group drops it."""
    async with (
        running("worker", environment, tmp_path / "worker.log"),
        running("expirer", environment, tmp_path / "e1.log") as killed,
        running("expirer", environment, tmp_path / "e2.log") as survivor,
    ):
        await killed.until_ready()
        await survivor.until_ready()
        killed.signal(signal.SIGKILL)
        await put_holds(db, "sale", 20, datetime.now(UTC) - timedelta(seconds=5))
        released = await neighbour.values(RESULTS, 20)

    assert {f"sale-{number}" for number in range(20)} == {value["reservation_id"] for value in released}


async def test_absent_workers_cost_one_request_a_hold_and_a_restart(
    environment: dict[str, str], neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """Many times `again_after_s` go by; when the workers are back, every hold is released."""
    await put_holds(db, "sale", 40, datetime.now(UTC) - timedelta(seconds=30))
    eager = environment | {"CODES_EXPIRER__AGAIN_AFTER_S": "1", "CODES_EXPIRER__INTERVAL_MS": "100"}
    async with running("expirer", eager, tmp_path / "e1.log") as expirer:
        await neighbour.values(RELEASE, 40, settle_s=3)
        expirer.signal(signal.SIGKILL)
        await expirer.ended()
    async with running("expirer", eager, tmp_path / "e2.log"):
        await neighbour.values(RELEASE, 80, settle_s=2)
        async with running("worker", environment, tmp_path / "worker.log"):
            results = await neighbour.values(RESULTS, 80, settle_s=2)
    asked = Counter(value["reservation_id"] for value in await neighbour.values(RELEASE, 80))

    names = {f"sale-{number}" for number in range(40)}
    assert dict.fromkeys(names, 2) == asked
    assert names == {value["reservation_id"] for value in results if value["outcome"] == "released"}
    assert {"expired"} == set((await states(db)).values())


async def states(db: Database) -> dict[str, str]:
    """The states of all reservations."""
    return {reservation["_id"]: reservation["state"] async for reservation in db["reservations"].find({})}
