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
from tests.integration.scraping import until_scraped
from tests.integration.watching import an_announcer, an_event, watching

pytestmark = pytest.mark.integration

ARRIVES_S = 30
SECRET = "secret-path"
ALERT, WAITING = "stock-alert", "codes_webhook_waiting_messages"


class Receiver:
    """Takes messages, but not the first time."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.noted: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self.attention: list[tuple[str, str, str]] = []
        self.refusals = 1

    async def answer(self, request: web.Request) -> web.Response:
        alert = await request.json()
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self.taken.put_nowait(alert)
        return web.Response()

    async def note(self, request: web.Request) -> web.Response:
        """A message about what needs attention."""
        message = await request.json()
        self.noted.put_nowait((message["event"], message["level"], message["subject"]))
        return web.Response()

    async def until_noted(self, count: int) -> None:
        """Wait until this number of them is taken."""
        async with asyncio.timeout(ARRIVES_S):
            while len(self.attention) < count:
                self.attention.append(await self.noted.get())

    async def until(self, level: str) -> list[dict[str, Any]]:
        """The alerts that are taken, up to one of this level."""
        taken: list[dict[str, Any]] = []
        async with asyncio.timeout(ARRIVES_S):
            while not taken or taken[-1]["level"] != level:
                taken.append(await self.taken.get())
        return taken


@asynccontextmanager
async def a_receiver() -> AsyncIterator[tuple[Receiver, dict[str, str]]]:
    """A receiver, and the settings that name it."""
    receiver, app = Receiver(), web.Application()
    app.router.add_post(f"/{SECRET}", receiver.answer)
    app.router.add_post(f"/{SECRET}/attention", receiver.note)
    async with TestServer(app) as server:
        url, campaigns = str(server.make_url(f"/{SECRET}")), ["spring*"]
        targets = [
            {"name": "sales", "url": url, "campaigns": campaigns},
            {
                "name": "ops",
                "url": f"{url}/attention",
                "campaigns": campaigns,
                "levels": [],
                "attention": ["low", "exhausted"],
            },
        ]
        yield (
            receiver,
            {
                "CODES_WEBHOOKS__TARGETS": json.dumps(targets),
                "CODES_WEBHOOKS__ATTENTION_AFTER_S": "0",
                "CODES_INVENTORY__EMPTY_WITHIN_S": "0",
            },
        )


async def test_a_receiver_gets_each_alert_of_its_campaigns(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """It is sent until it is taken; a kill before the commit repeats it under its id; no line has the address.

    What needs attention is sent too: each beginning once, also across the restart, and the end.
    """
    log = tmp_path / "inventory.log"
    async with a_receiver() as (receiver, hooks), an_announcer(migrated) as announcer:
        async with watching(environment, log, **hooks) as watcher:
            await announcer.publish(an_event("other", 1, 100), an_event("spring", 1, 100))
            await watcher.until("/api/campaigns", lambda page: page["total"] == 2)
            await announcer.publish(an_event("other", 2, 5, 95), an_event("spring", 2, 5, 95))
            before = await receiver.until("low")
            await receiver.until_noted(1)
            written = log.read_text()
            scrape = await until_scraped(
                watcher.role, "nothing waits", lambda seen: seen.value(WAITING, webhook="sales", kind=ALERT) == 0
            )
        async with watching(environment, log, **hooks):
            await announcer.publish(an_event("spring", 3, 0, 100))
            after = await receiver.until("exhausted")
            await receiver.until_noted(2)
            await announcer.publish(an_event("spring", 4, 900, 100))
            await receiver.until_noted(3)
        alerts = await neighbour.values(STOCK_ALERTS, 4)

    assert [("spring", "low")] == [(alert["campaign_id"], alert["level"]) for alert in before]
    assert {("spring", before[0]["id"], "low"), ("spring", after[-1]["id"], "exhausted")} == {
        (alert["campaign_id"], alert["id"], alert["level"]) for alert in before + after
    }
    assert 4 == len(alerts)
    check_attention(receiver)
    assert "webhook_waits" in written
    assert [1, 1, 0] == [
        scrape.value("codes_webhook_messages_total", webhook="sales", kind=ALERT, outcome=outcome)
        for outcome in ("sent", "failed", "dropped")
    ]
    assert SECRET not in written + log.read_text()


def check_attention(receiver: Receiver) -> None:
    """Each state of the stock once."""
    assert [("begins", "low"), ("begins", "exhausted"), ("resolved", "exhausted")] == [
        (event, level) for event, level, _ in receiver.attention
    ]
    assert {"stock:spring:tm"} == {subject for *_, subject in receiver.attention}
