"""`codes inventory`: true counts from true events, whatever happens to the process, and each alert once."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ops.settings.load import Settings
from schemas.topics import ASSIGN, IMPORT, INVENTORY, RESERVE, RESULTS, STOCK_ALERTS
from stores.mongo.connection import Database
from tests.integration.freezing import frozen
from tests.integration.importing import Files, ends, some_files
from tests.integration.running import STOP_TIMEOUT_S, Neighbour, running
from tests.integration.watching import Announcer, Watcher, an_announcer, an_event, counts_in, until_true, watching

pytestmark = pytest.mark.integration


@pytest.fixture
def files(environment: dict[str, str]) -> Any:
    with some_files(environment) as files:
        yield files


def levels(alerts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(alert["campaign_id"], alert["level"]) for alert in alerts]


async def traffic(environment: dict[str, str], neighbour: Neighbour, files: Files, logs: Path) -> None:
    """Two imports of two types, nine reserves and an assign, by real roles, one after the other."""
    files.put("tm.csv", b"code\n" + b"".join(b"TM%d\n" % number for number in range(40)))
    files.put("ext.csv", b"".join(b"EX%d\n" % number for number in range(10)))
    async with running("importer", environment, logs / "importer.log") as importer:
        await importer.until_ready()
        await neighbour.send(IMPORT, files.command("tm.csv"))
        external = files.command("ext.csv", "i2", code_type="external")
        await neighbour.send(IMPORT, {**external, "campaign_id": "tour"})
        await ends(neighbour, 2)
    async with running("worker", environment, logs / "worker.log") as worker:
        await worker.until_ready()
        for number in range(9):
            ask = {"request_id": f"r{number}", "campaign_id": "sale", "fan_id": f"f{number}", "quantity": 4}
            await neighbour.send(RESERVE, ask)
        await neighbour.values(RESULTS, 9)
        bind = {"request_id": "a0", "campaign_id": "sale", "fan_id": "f0", "reservation_id": "r0"}
        await neighbour.send(ASSIGN, bind)
        await neighbour.values(RESULTS, 10)
        worker.signal(signal.SIGTERM)
        assert 0 == await worker.ended()


async def test_the_api_says_what_the_database_counts(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """After real imports and requests; and after a SIGKILL the same again, without a second alert."""
    await traffic(environment, neighbour, files, tmp_path)
    wanted = await counts_in(db)
    async with watching(environment, tmp_path / "inventory.log") as watcher:
        await until_true(watcher, wanted)
        campaign = await watcher.until("/api/campaigns/sale", lambda shown: shown["standing"] == "low")
        imports = (await watcher.get("/api/imports"))[1]
        lag = await watcher.until("/api/lag", lambda lag: lag["known"] and all_read(lag["items"]))
        alerts = await neighbour.values(STOCK_ALERTS, 1)
        watcher.role.signal(signal.SIGKILL)
        await watcher.role.ended()
    async with watching(environment, tmp_path / "again.log") as again:
        await until_true(again, wanted)
        shown = (await again.get("/api/alerts"))[1]["items"]
        again_alerts = await neighbour.values(STOCK_ALERTS, 1, settle_s=3)

    assert {"sale": (4, 32, 4), "tour": (10, 0, 0)} == wanted
    assert 40 == campaign["types"]["tm"]["total"]
    assert 0 < campaign["rate_5m"] <= 36 / 300
    assert campaign["empty_in_s"] == round(4 / campaign["empty_rate"], 1)
    assert {("i1", "completed", 1.0), ("i2", "completed", 1.0)} == {
        (item["import_id"], item["state"], item["progress"]) for item in imports["items"]
    }
    assert {"worker", "importer", "inventory"} == {item["group"].rpartition("-")[2] for item in lag["items"]}
    assert [("sale", "low")] == levels(alerts) == levels(again_alerts) == levels(shown)


def all_read(items: list[dict[str, Any]]) -> bool:
    return {(0, 0.0)} == {(item["records"], item["age_s"]) for item in items}


async def test_repeated_late_and_aborted_events_count_as_they_should(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """A repeat and a late event change nothing; an aborted one does not count; an unreadable one is skipped."""
    async with watching(environment, tmp_path / "i.log") as watcher, an_announcer(migrated) as announcer:
        await announcer.publish(an_event("sale", 3, 70, 30), an_event("sale", 3, 70, 30))
        await announcer.publish(an_event("sale", 9, 0, 100), commit=False)
        await announcer.publish(an_event("sale", 2, 90, 10))
        await neighbour.send(INVENTORY, b"{", key=b"sale")
        await neighbour.send(INVENTORY, b'{"campaign_id": "sale"}', key=b"sale")
        await announcer.publish(an_event("sale", 4, 60, 40), an_event("other", 1, 5))
        await until_true(watcher, {"sale": (60, 40, 0), "other": (5, 0, 0)})
        history = (await watcher.get("/api/campaigns/sale/history"))[1]["points"]
        alerts = await neighbour.records(STOCK_ALERTS, 0, settle_s=2)

    assert (60, 40) == (history[-1]["available"], history[-1]["reserved"])
    assert [] == alerts
    assert 2 == len(watcher.role.logged("unreadable_event"))


async def test_each_crossing_is_published_once_by_two_processes_that_come_and_go(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """Events flow while a second process joins, the first is killed, and a third one joins: every answer is whole."""
    campaigns = [f"c{number}" for number in range(12)]
    async with an_announcer(migrated) as announcer:
        crowd = Crowd(announcer, campaigns)
        async with watching(environment, tmp_path / "1.log") as first:
            await crowd.publish(100, 50, 9)
            async with watching(environment, tmp_path / "2.log") as second:
                await crowd.publish(8, 5, 0)
                await crowd.until_true(first, second)
                first.role.signal(signal.SIGKILL)
                await crowd.publish(3, 60, 55)
                async with watching(environment, tmp_path / "3.log") as third:
                    await crowd.publish(50, 10)
                    await crowd.until_true(second, third)
                    found = await neighbour.values(STOCK_ALERTS, 4 * len(campaigns), settle_s=3)
                    second.role.signal(signal.SIGTERM)
                    assert 0 == await second.role.ended()

    published = levels(found)
    assert {name: ["low", "exhausted", "recovered", "low"] for name in campaigns} == {
        name: [level for campaign, level in published if campaign == name] for name in campaigns
    }


class Crowd:
    """Campaigns of a hundred codes that all move alike."""

    def __init__(self, announcer: Announcer, campaigns: list[str]) -> None:
        self._announcer = announcer
        self._campaigns = campaigns
        self._version = 0
        self._available = 100

    async def publish(self, *stocks: int) -> None:
        """One transaction a step."""
        for self._available in stocks:
            self._version += 1
            reserved = 100 - self._available
            events = [an_event(name, self._version, self._available, reserved) for name in self._campaigns]
            await self._announcer.publish(*events)
            await asyncio.sleep(0.1)

    async def until_true(self, *watchers: Watcher) -> None:
        """Wait until each of them says the last step's counts."""
        for watcher in watchers:
            await until_true(watcher, dict.fromkeys(self._campaigns, (self._available, 100 - self._available, 0)))


async def test_a_process_that_dies_right_after_an_alert_does_not_send_it_again(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """The table does not say it yet, but the topic does."""
    async with an_announcer(migrated) as announcer:
        async with watching(environment, tmp_path / "1.log", CODES_FAILPOINT="after_alert:kill") as killed:
            await announcer.publish(an_event("sale", 1, 100), an_event("sale", 2, 5, 95))
            assert -signal.SIGKILL == await killed.role.ended()
        async with watching(environment, tmp_path / "2.log") as restarted:
            await restarted.role.until_logged("alert_known")
            await until_true(restarted, {"sale": (5, 95, 0)})
            await announcer.publish(an_event("sale", 3, 4, 96))
            await until_true(restarted, {"sale": (4, 96, 0)})
            found = await neighbour.values(STOCK_ALERTS, 1, settle_s=2)

    assert [("sale", "low")] == levels(found)
    assert [] == restarted.role.logged("alert")


async def test_a_role_with_open_streams_ends_in_time(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """A browser that stays connected does not hold the process, and gets what changed while it was there."""
    async with (
        watching(environment, tmp_path / "i.log") as watcher,
        an_announcer(migrated) as announcer,
        aiohttp.ClientSession() as session,
        session.get(watcher.url + "/api/stream") as answer,
    ):
        await announcer.publish(an_event("sale", 1, 100))
        text = ""
        async for line in answer.content:
            text += line.decode()
            if '"campaign_id":"sale"' in text:
                break
        watcher.role.signal(signal.SIGTERM)
        began = time.monotonic()
        assert 0 == await watcher.role.ended()

    assert time.monotonic() - began < STOP_TIMEOUT_S / 2
    assert "event: campaigns\n" in text
    assert 1 == len(watcher.role.logged("api_open"))


@pytest.mark.long
async def test_an_unavailable_broker_is_reported_and_does_not_hold_the_process(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """`/ready` names it, lags are not known instead of old, counts stay; SIGTERM ends the process all the same."""
    async with watching(environment, tmp_path / "i.log") as watcher, an_announcer(migrated) as announcer:
        await announcer.publish(an_event("sale", 1, 100))
        await until_true(watcher, {"sale": (100, 0, 0)})
        async with frozen("kafka"):
            await watcher.until("/api/lag", lambda lag: not lag["known"])
            ready = await watcher.role.get("/ready")
            counts = await watcher.counts()
            watcher.role.signal(signal.SIGTERM)
            code = await watcher.role.ended()

    assert (503, '{"ok": false, "missing": ["kafka"]}') == ready
    assert {"sale": (100, 0, 0)} == counts
    assert 0 == code


async def test_counting_goes_on_when_the_broker_is_back(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """After a silence of several session time-outs, in the same process, and nothing is published twice."""
    async with watching(environment, tmp_path / "i.log") as watcher:
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 1, 100), an_event("sale", 2, 5, 95))
            await neighbour.values(STOCK_ALERTS, 1)
        async with frozen("kafka"):
            await watcher.until("/api/lag", lambda lag: not lag["known"])
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 3, 0, 100))
            found = await neighbour.values(STOCK_ALERTS, 2, timeout_s=60, settle_s=2)
        await watcher.role.until_ready()
        await until_true(watcher, {"sale": (0, 100, 0)})

    assert [("sale", "low"), ("sale", "exhausted")] == levels(found)
