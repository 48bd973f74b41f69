"""What tests of the inventory share: its role as a process, asked over HTTP, and events sent as workers send them.

Out: `Watcher`, `watching`, `until_true`, `counts_in` the database, `an_event`, `Announcer` (events in Kafka
     transactions that are committed or aborted).
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiokafka import AIOKafkaProducer

from ops.settings.load import Settings
from producers.envelope import inventory_record
from schemas.events import InventoryChanged
from schemas.topics import Topics
from stores.mongo.connection import Database
from tests.integration.running import READY_TIMEOUT_S, Role, running

POLL_S: Final = 0.05


class Watcher:
    """One process of `codes inventory`, and what it answers."""

    def __init__(self, role: Role) -> None:
        self.role = role

    @property
    def url(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self.role.logged('api_listening')[0]['port']}"

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Status and JSON."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, content: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and JSON."""
        async with aiohttp.ClientSession() as session, session.post(self.url + path, json=content) as answer:
            return answer.status, await answer.json()

    async def counts(self) -> dict[str, tuple[int, int, int]]:
        """Every campaign's available, reserved and assigned codes."""
        _, page = await self.get("/api/campaigns?limit=500")
        return {row["campaign_id"]: (row["available"], row["reserved"], row["assigned"]) for row in page["items"]}

    async def until(self, path: str, condition: Callable[[Any], bool], timeout_s: float = READY_TIMEOUT_S) -> Any:
        """Poll until an answer meets the condition; gives that answer."""
        end = time.monotonic() + timeout_s
        while not condition(answer := (await self.get(path))[1]):
            assert time.monotonic() < end, f"{path}: {answer}"
            await asyncio.sleep(POLL_S)
        return answer


@asynccontextmanager
async def watching(environment: Mapping[str, str], log: Path, **more: str) -> AsyncIterator[Watcher]:
    """A process that is ready."""
    async with running("inventory", environment, log, **more) as role:
        await role.until_ready()
        yield Watcher(role)


async def counts_in(db: Database) -> dict[str, tuple[int, int, int]]:
    """Available, reserved and assigned codes of each campaign, counted in the database."""
    found: Counter[tuple[str, str]] = Counter()
    async for code in db["codes"].find({}, {"campaign_id": 1, "status": 1}):
        found[code["campaign_id"], code["status"]] += 1
    return {
        campaign: (found[campaign, "available"], found[campaign, "reserved"], found[campaign, "assigned"])
        for campaign, _ in found
    }


async def until_true(watcher: Watcher, wanted: dict[str, tuple[int, int, int]]) -> None:
    """Wait until the API reports these counts."""
    end = time.monotonic() + 20
    while (found := await watcher.counts()) != wanted:
        assert time.monotonic() < end, f"{found} is not {wanted}"
        await asyncio.sleep(POLL_S)


class Announcer:
    """Sends inventory events as a worker does, under a transactional id of its own."""

    def __init__(self, producer: AIOKafkaProducer, topics: Topics) -> None:
        self._producer = producer
        self._topics = topics

    async def publish(self, *events: InventoryChanged, commit: bool = True) -> None:
        """Publish the events in one transaction."""
        await self.begin(*events)
        await self.end(commit=commit)

    async def begin(self, *events: InventoryChanged) -> None:
        """A transaction that stays open."""
        await self._producer.begin_transaction()
        for event in events:
            record = inventory_record(event, self._topics)
            await self._producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers)
            )

    async def end(self, *, commit: bool = True) -> None:
        """End the open transaction."""
        await (self._producer.commit_transaction() if commit else self._producer.abort_transaction())


@asynccontextmanager
async def an_announcer(settings: Settings) -> AsyncIterator[Announcer]:
    """An announcer on a test's topics."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers, transactional_id=f"{settings.topics.prefix}announcer"
    )
    await producer.start()
    try:
        yield Announcer(producer, Topics(settings.topics.prefix))
    finally:
        await producer.stop()


def an_event(campaign_id: str, version: int, available: int, reserved: int = 0, **more: Any) -> InventoryChanged:
    """An event of one shard."""
    event_fields = {
        "campaign_id": campaign_id,
        "code_type": "tm",
        "shard": "reserve.requests.v1.0",
        "version": version,
        "available": available,
        "reserved": reserved,
        "assigned": 0,
        "cause": "reserve",
        "changed_at": datetime.now(UTC),
    }
    return InventoryChanged.model_validate({**event_fields, **more})
