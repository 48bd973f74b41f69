"""A hanging count is found, and no other count; an application stops in time, and leaves nothing running."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator

from consumers.inventory import counting
from consumers.inventory.counting import Alerting, inventory_app
from consumers.inventory.faust_kafka import InventoryApp
from consumers.inventory.role import STOP_S_MAX, InventoryRole
from consumers.loop.failpoints import Failpoint
from consumers.loop.serving import KafkaSide
from handlers.inventory.alerts import StockLimits
from handlers.inventory.changelog import Place
from ops.broker.client import client_options
from ops.settings.load import Settings
from producers.sending import Unsent
from schemas.observation.partitions import LoopTurned, PartUnavailable
from schemas.records import OutgoingRecord
from schemas.stock import CampaignStock
from schemas.topics import INVENTORY, Topics
from tests.fakes.observer import ObservedFacts
from tests.integration.freezing import frozen
from tests.integration.running import until
from tests.integration.watching import an_announcer, an_event

pytestmark = pytest.mark.integration


class Holding:
    """Sends alerts when it may. Knows none."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()

    def was_sent(self, _ce_id: str) -> bool:
        """No alert was sent before."""
        return False

    async def until_alerts_read(self) -> None:
        """There are no alerts to read."""

    def overwritten(self) -> Mapping[Place, CampaignStock]:
        """The changelog is in order."""
        return {}

    async def send(self, _record: OutgoingRecord) -> None:
        """Wait until the test lets it go on."""
        self.began.set()
        await self.goes_on.wait()


class Refusing(Holding):
    """Sends no alert."""

    async def send(self, record: OutgoingRecord) -> None:
        """Fail like a topic that was deleted."""
        raise Unsent(TimeoutError(), frozenset({record.topic}))


def a_side(migrated: Settings, observer: ObservedFacts) -> KafkaSide:
    return KafkaSide(client_options(migrated.kafka), migrated.kafka, "exactly_once", migrated.worker, observer)


def an_app(migrated: Settings, observer: ObservedFacts, alerts: Holding) -> InventoryApp:
    topics = Topics(migrated.topics.prefix)
    alerting = Alerting(StockLimits(10, 0), alerts, alerts.send, topics, Failpoint())
    return inventory_app(a_side(migrated, observer), alerting)


async def ticks(observer: ObservedFacts) -> None:
    """Wait for three ticks: the second one finds what was in hand at the first."""
    observer.clear()
    await until(
        lambda: 3 in Counter(observer.places(LoopTurned)).values(),
        "three ticks",
        10,
    )


async def test_a_partition_whose_event_is_not_counted_does_not_turn(
    migrated: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other partitions are healthy; this partition is healthy again when the event is counted."""
    monkeypatch.setattr(counting, "TICK_S", 0.2)
    observer, holding = ObservedFacts(), Holding()
    app = an_app(migrated, observer, holding)
    try:
        await app.start()
        await ticks(observer)
        served = set(observer.places(LoopTurned))
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 1, 100))
            await announcer.publish(an_event("sale", 2, 0, 100))
        await asyncio.wait_for(holding.began.wait(), 30)
        await ticks(observer)
        await ticks(observer)
        hung = served - set(observer.places(LoopTurned))
        holding.goes_on.set()
        await until(
            lambda: hung <= set(observer.places(LoopTurned)),
            "the partition turns again",
            10,
        )
    finally:
        holding.goes_on.set()
        await app.stop()

    assert 1 == len(hung)


async def test_an_application_whose_alert_was_not_taken_stops_at_once(migrated: Settings) -> None:
    """Nothing is being counted any more; the stop leaves nothing running."""
    observer, refusing = ObservedFacts(), Refusing()
    async with stopped_in_time(an_app(migrated, observer, refusing)) as app:
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 1, 100), an_event("sale", 2, 0, 100))
        await asyncio.wait_for(app.wait_for_stopped(cast("Any", asyncio.Event())), 30)

    assert isinstance(app.crash_reason, Unsent)


async def test_an_application_whose_alert_is_still_being_sent_stops_in_time(migrated: Settings) -> None:
    """The event is given up, and counted again by the next application."""
    holding = Holding()
    async with stopped_in_time(an_app(migrated, ObservedFacts(), holding)):
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 1, 100), an_event("sale", 2, 0, 100))
        await asyncio.wait_for(holding.began.wait(), 30)


async def test_an_application_stops_in_time_although_the_broker_is_unavailable(migrated: Settings) -> None:
    """It does not leave its group, and commits nothing: the broker ends its membership."""
    observer = ObservedFacts()
    async with AsyncExitStack() as unavailable, stopped_in_time(an_app(migrated, observer, Holding())):
        await ticks(observer)
        async with an_announcer(migrated) as announcer:
            await announcer.publish(an_event("sale", 1, 100))
        await unavailable.enter_async_context(frozen("kafka"))


async def test_a_membership_that_has_ended_is_replaced(migrated: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without partitions fetches nothing, so nothing else would find it: it would look healthy for ever."""
    known, failures = GroupCoordinator.ensure_coordinator_known, iter([AssertionError("unforeseen")])

    async def fail_once(coordinator: GroupCoordinator) -> None:
        for failure in failures:
            raise failure
        await known(coordinator)

    monkeypatch.setattr(GroupCoordinator, "ensure_coordinator_known", fail_once)
    observer, stopping = ObservedFacts(), asyncio.Event()
    topics = Topics(migrated.topics.prefix)
    role = InventoryRole(a_side(migrated, observer), topics, StockLimits(10, 0), Failpoint())
    running = asyncio.create_task(role.run(stopping))
    try:
        await until(lambda: topics.full(INVENTORY) in dict(observer.places(LoopTurned)), "partitions are served", 60)
    finally:
        stopping.set()
        await running

    assert any("unforeseen" in str(why) for why in observer.each(PartUnavailable, "error"))


@asynccontextmanager
async def stopped_in_time(app: InventoryApp) -> AsyncIterator[InventoryApp]:
    """Start an application and stop it; the stop takes less than its limit, and no task and no thread is left."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    try:
        await app.start()
        yield app
    finally:
        began_s = time.monotonic()
        await app.stop()
    assert time.monotonic() - began_s < STOP_S_MAX
    assert set() == {thread.name for thread in threading.enumerate() if thread not in threads}
    assert set() == {task.get_name() for task in asyncio.all_tasks() - tasks}
