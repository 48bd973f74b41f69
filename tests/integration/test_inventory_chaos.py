"""`codes inventory` while its processes come and are killed, again and again: each crossing is announced once.

`CODES_TEST_KILLS` sets how many are killed, `CODES_TEST_SEED` repeats the run whose seed a failure printed.
"""

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from ops.settings.load import Settings
from schemas.topics import STOCK_ALERTS
from tests.integration.running import Neighbour
from tests.integration.test_inventory import Crowd, levels
from tests.integration.watching import Watcher, an_announcer, watching

pytestmark = [pytest.mark.integration, pytest.mark.long]

KILLS: Final = int(os.environ.get("CODES_TEST_KILLS", "6"))
CAMPAIGNS: Final = [f"c{number}" for number in range(12)]
JOIN_S_MAX: Final = 2.0
FAR_S_MAX: Final = 4.0
"""Longer than a session: some kills are noticed while events flow, some after."""


@pytest.mark.timeout(60 + 60 * KILLS)
async def test_no_crossing_is_lost_or_doubled_however_processes_come_and_go(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """Events flow while the group shares out, while a table is rebuilt, and before a killed member is missed."""
    seed = int(os.environ.get("CODES_TEST_SEED", str(int(time.time()))))
    chance = random.Random(seed)
    async with an_announcer(migrated) as announcer, AsyncExitStack() as opened:
        crowd, count = Crowd(announcer, CAMPAIGNS), iter(range(KILLS + 1))

        async def another() -> Watcher:
            return await opened.enter_async_context(watching(environment, tmp_path / f"{next(count)}.log"))

        alive = [await another()]
        wanted: list[str] = []
        for _ in range(KILLS):
            await crowd.publish(100, 50, 9)
            joining = asyncio.create_task(another())
            await asyncio.sleep(chance.random() * JOIN_S_MAX)
            await crowd.publish(8, 5, 0)
            alive.append(await joining)
            alive.pop(chance.randrange(len(alive))).role.signal(signal.SIGKILL)
            await crowd.publish(3, 60, 55)
            await asyncio.sleep(chance.random() * FAR_S_MAX)
            await crowd.publish(10)
            wanted += ["recovered", "low", "exhausted", "recovered", "low"]
        wanted = wanted[1:]  # the first one is full from the beginning
        found = levels(await neighbour.values(STOCK_ALERTS, len(wanted) * len(CAMPAIGNS), timeout_s=60, settle_s=3))

    assert dict.fromkeys(CAMPAIGNS, wanted) == {
        name: [level for campaign, level in found if campaign == name] for name in CAMPAIGNS
    }, f"CODES_TEST_SEED={seed}"
