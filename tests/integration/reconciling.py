"""What tests of `codes reconcile` share: a look at the counts, the published shards, and steady requests.

Out: `look`, `drifts`, `published_shards`, `published_totals`, `correction`, `traffic`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from audit.reconcile.reconciling import Report, reconcile
from ops.settings.load import Settings
from schemas.topics import ASSIGN, INVENTORY, RELEASE, RESERVE
from stores.mongo.connection import Database
from tests.integration.running import Neighbour

BACK = 20
"""How many requests before its own a fan's release or assign refers to."""
PAUSE_S = 0.05
"""Between requests, so that no engine lags far behind."""


async def look(settings: Settings, *, repair: bool = False, retell: bool = False) -> Report:
    return await reconcile(settings, [], repair=repair, retell=retell, keep_all=True)


def drifts(lines: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    return {line["status"]: (line["by_shards"], line["by_codes"], line["drift"]) for line in lines}


async def published_shards(neighbour: Neighbour) -> dict[str, dict[str, Any]]:
    """Each shard as the event of its highest version says."""
    latest: dict[str, dict[str, Any]] = {}
    for event in await neighbour.values(INVENTORY, 1, settle_s=0.5):
        if event["version"] > latest.get(event["shard"], {"version": 0})["version"]:
            latest[event["shard"]] = event
    return latest


async def published_totals(neighbour: Neighbour) -> tuple[int, ...]:
    shards = (await published_shards(neighbour)).values()
    return tuple(sum(shard[status] for shard in shards) for status in ("available", "reserved", "assigned"))


@asynccontextmanager
async def traffic(neighbour: Neighbour) -> AsyncIterator[None]:
    """Reserves, assigns and releases, until the block ends."""
    sending = asyncio.create_task(send_on(neighbour))
    try:
        yield
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


async def send_on(neighbour: Neighbour) -> None:
    for number in count():
        await ask(neighbour, number)
        await asyncio.sleep(PAUSE_S)


async def ask(neighbour: Neighbour, number: int) -> None:
    """A fan's reserve, straight assign, and the release or assign of an earlier reserve."""
    fan = {"campaign_id": "sale", "fan_id": f"fan-{number}"}
    earlier = {"campaign_id": "sale", "fan_id": f"fan-{number - BACK}", "reservation_id": f"r-{number - BACK}"}
    key = str(number).encode()
    await neighbour.send(RESERVE, {**fan, "request_id": f"r-{number}", "quantity": 2}, key=key)
    await neighbour.send(ASSIGN, {**fan, "request_id": f"a-{number}"}, key=key)
    await neighbour.send(RELEASE if number % 2 else ASSIGN, {**earlier, "request_id": f"e-{number}"}, key=key)


async def correction(db: Database) -> tuple[int, ...]:
    """The counts of the correcting shard."""
    shard = await db["inventory"].find_one({"_id": "sale:tm:reconcile"})
    assert shard is not None
    return tuple(shard[status] for status in ("available", "reserved", "assigned"))
