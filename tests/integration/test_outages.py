"""A worker retries while a part is unavailable: no answer is lost, no process ends, `/ready` names the part."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from schemas.topics import ASSIGN, RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.freezing import frozen
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

HURRIED = {
    "CODES_MONGO__TIMEOUT_MS": "500",
    "CODES_KAFKA__REQUEST_TIMEOUT_MS": "2000",
    "CODES_WORKER__BACKOFF_MAX_MS": "300",
}


async def test_a_worker_retries_while_the_database_is_unavailable(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Requests that come meanwhile are answered when it is back, each once; the process lives on."""
    await stocked("sale", 100)
    async with running("worker", environment, tmp_path / "worker.log", **HURRIED) as worker:
        await worker.until_ready()
        async with frozen("database"):
            for number in range(60):
                await neighbour.send(ASSIGN if number % 2 else RESERVE, ask(number))
            await worker.until_missing("mongo")
            assert (200, None) == ((await worker.get("/live"))[0], worker.process.returncode)
        await check_once(neighbour)
        await worker.until_ready()


async def test_a_worker_retries_while_the_broker_is_unavailable(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """The worker is cut off in the middle of its work, and goes on when the broker is back."""
    await stocked("sale", 100)
    async with running("worker", environment, tmp_path / "worker.log", **HURRIED) as worker:
        await worker.until_ready()
        for number in range(30):
            await neighbour.send(ASSIGN if number % 2 else RESERVE, ask(number))
        async with frozen("kafka"):
            await asyncio.sleep(6)
            assert (200, None) == ((await worker.get("/live"))[0], worker.process.returncode)
        for number in range(30, 60):
            await neighbour.send(ASSIGN if number % 2 else RESERVE, ask(number))
        await check_once(neighbour)


def ask(number: int) -> dict[str, str]:
    """One fan's request."""
    return {"request_id": f"q{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}


async def check_once(neighbour: Neighbour) -> None:
    """Sixty requests, sixty results."""
    results = await neighbour.values(RESULTS, 60, settle_s=1.0, timeout_s=60)
    assert {f"q{number}": 1 for number in range(60)} == Counter(result["request_id"] for result in results)
    assert {"reserved": 30, "assigned": 30} == Counter(result["outcome"] for result in results)


@pytest.mark.parametrize(
    "role",
    ["worker", pytest.param("expirer", marks=pytest.mark.long), pytest.param("importer", marks=pytest.mark.long)],
)
async def test_a_role_ends_in_time_although_the_broker_is_unavailable(
    role: str, environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """SIGTERM is obeyed within 30 s, with exit code 0, whatever does not answer."""
    async with running(role, environment, tmp_path / "role.log", **HURRIED) as process:
        await process.until_ready()
        async with frozen("kafka"):
            await asyncio.sleep(1)
            process.signal(signal.SIGTERM)
            assert 0 == await process.ended(30)


@pytest.mark.parametrize("role", ["worker", "expirer", "importer"])
async def test_a_role_ends_in_time_although_it_never_found_a_broker(
    role: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """It waits for the broker, and SIGTERM ends the wait."""
    nowhere = {**HURRIED, "CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1", "CODES_WORKER__STOP_BUDGET_S": "1"}
    async with running(role, environment, tmp_path / "role.log", **nowhere) as process:
        await process.until_logged("waits_for")
        process.signal(signal.SIGTERM)
        assert 0 == await process.ended(30)
