"""A count that hangs is found, and only that one."""

import asyncio
from collections import Counter

import pytest

from consumers.inventory.counting import Alerting, inventory_app
from consumers.loop.failpoints import Failpoint
from consumers.loop.serving import KafkaSide
from handlers.inventory.alerts import StockLimits
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.observation.partitions import LoopTurned
from schemas.records import OutgoingRecord
from schemas.topics import Topics
from tests.fakes.observer import ObservedFacts
from tests.integration.running import until
from tests.integration.watching import an_announcer, an_event

pytestmark = pytest.mark.integration


class Holding:
    """Sends alerts when it may. Knows none."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()

    def was_sent(self, _ce_id: str) -> bool:
        """None was."""
        return False

    async def until_alerts_read(self) -> None:
        """There are none."""

    async def send(self, _record: OutgoingRecord) -> None:
        """Not before it is told to."""
        self.began.set()
        await self.goes_on.wait()


async def ticks(observer: ObservedFacts) -> None:
    """Wait for three ticks: the second one finds what was in hand at the first."""
    observer.clear()
    await until(
        lambda: 3 in Counter(observer.places(LoopTurned)).values(),
        "three ticks",
        10,
    )


async def test_a_partition_whose_event_is_not_counted_does_not_turn(migrated: Settings) -> None:
    """The others do; and it does again when the event is counted."""
    topics, observer, holding = Topics(migrated.topics.prefix), ObservedFacts(), Holding()
    side = KafkaSide(client_options(migrated.kafka), migrated.kafka, "exactly_once", migrated.worker, observer)
    alerting = Alerting(StockLimits(10, 0), holding, holding.send, topics, Failpoint())
    app = inventory_app(side, alerting)
    try:
        await app.start()
        await ticks(observer)
        served = set(observer.places(LoopTurned))
        async with an_announcer(migrated) as announcer:
            await announcer.tell(an_event("sale", 1, 100))
            await announcer.tell(an_event("sale", 2, 0, 100))
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
