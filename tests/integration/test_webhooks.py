"""Stock alerts reach a receiver over HTTP, from the running inventory, also across its restart."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ops.settings.load import Settings
from schemas.topics import STOCK_ALERTS
from tests.integration.running import Neighbour
from tests.integration.watching import an_announcer, an_event, watching

pytestmark = pytest.mark.integration

ARRIVES_S = 30
SECRET = "secret-path"


class Receiver:
    """Takes alerts, but not the first time."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.refusals = 1

    async def answer(self, request: web.Request) -> web.Response:
        alert = await request.json()
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self.taken.put_nowait(alert)
        return web.Response()

    async def next(self) -> dict[str, Any]:
        """The next alert that is taken."""
        return await asyncio.wait_for(self.taken.get(), ARRIVES_S)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[tuple[Receiver, dict[str, str]]]:
    """A receiver, and the settings that name it."""
    receiver, app = Receiver(), web.Application()
    app.router.add_post(f"/{SECRET}", receiver.answer)
    async with TestServer(app) as server:
        target = {"name": "sales", "url": str(server.make_url(f"/{SECRET}")), "campaigns": ["spring*"]}
        yield receiver, {"CODES_WEBHOOKS__TARGETS": json.dumps([target])}


async def test_a_receiver_gets_each_alert_of_its_campaigns(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """It is sent again until it is taken, not again after a restart, and the address is in no line of the log."""
    log = tmp_path / "inventory.log"
    async with a_receiver() as (receiver, hooks), an_announcer(migrated) as announcer:
        async with watching(environment, log, **hooks) as watcher:
            await announcer.publish(an_event("other", 1, 100), an_event("spring", 1, 100))
            await watcher.until("/api/campaigns", lambda page: page["total"] == 2)
            await announcer.publish(an_event("other", 2, 5, 95), an_event("spring", 2, 5, 95))
            first = await receiver.next()
            written = log.read_text()
        async with watching(environment, log, **hooks):
            await announcer.publish(an_event("spring", 3, 0, 100))
            second = await receiver.next()
        alerts = await neighbour.values(STOCK_ALERTS, 3)

    assert [("spring", "low"), ("spring", "exhausted")] == [
        (alert["campaign_id"], alert["level"]) for alert in (first, second)
    ]
    assert receiver.taken.empty()
    assert 3 == len(alerts)
    assert "webhook_waits" in written
    assert SECRET not in written + log.read_text()
