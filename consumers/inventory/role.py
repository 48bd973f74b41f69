"""The inventory role: reads the view first, then joins the group that counts.

In:       the Kafka connection, the limits of the stock alerts.
Out:      `InventoryRole.run`, which runs until it is stopped, and leaves no task and no connection open.
Promise:  an alert that its topic does not take ends the application after a limit. The next application counts the
          event again, and sends the alert again.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.exceptions import FaustError

from consumers.inventory.counting import Alerting, Send, inventory_app
from consumers.inventory.faust_kafka import InventoryApp
from consumers.inventory.lag import Lag, groups_of, lag_reader, without_commit_delay
from consumers.inventory.lag_trend import LagTrends, TopicLag
from consumers.inventory.view import InventoryView
from consumers.inventory.view_reader import ViewReader
from consumers.loop.failpoints import Failpoint
from consumers.loop.prefetch import Stopped, unless_stopped
from consumers.loop.serving import KafkaSide
from handlers.inventory.alerts import StockLimits
from producers.emitters import EMIT_PATIENCE_S, idempotent_producer
from producers.sending import Unsent, deliver
from schemas.errors import BrokerUnavailable
from schemas.groups import INVENTORY_GROUP
from schemas.observation.partitions import PartAvailable
from schemas.records import OutgoingRecord
from schemas.stock import changelog_topic
from schemas.topics import Topics

LAG_EVERY_S: Final = 5.0
MARK_S_MAX: Final = 5.0
STOP_S_MAX: Final = 8.0
"""Limit for stopping Faust; its steps have shorter limits of their own (`faust_stop.py`)."""
CUT_SHORT_S_MAX: Final = 1.0
"""For a stop whose steps wait for nothing any more."""


@dataclass(slots=True)
class Lags:
    """The lags, as last read; None: unknown."""

    now: list[Lag] | None = None
    topics: list[TopicLag] = field(default_factory=list)
    """The same by group and topic, with trends; of the last reading that succeeded."""


class InventoryRole:
    """Lives as long as its process."""

    def __init__(self, side: KafkaSide, topics: Topics, limits: StockLimits, failpoint: Failpoint) -> None:
        changelog = changelog_topic(side.settings.group_prefix)
        self.view = InventoryView(topics, changelog, session_s=side.settings.session_timeout_ms / 1_000)
        self.lags = Lags()
        self._reader = ViewReader(self.view, topics, changelog, side.observer)
        self._side = side
        self._topics = topics
        self._limits = limits
        self._failpoint = failpoint

    async def run(self, stopping: asyncio.Event) -> None:
        """Read, count and alert until `stopping` is set.

        Raises:
            ExceptionGroup: an unexpected error.
        """
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._reader.run(self._side.connection, self._side.backoff_max_s)),
                tasks.create_task(self._read_lags()),
            ]
            counting = tasks.create_task(self._count(stopping))
            await stopping.wait()
            await asyncio.wait({counting})
            for helper in helpers:
                helper.cancel()

    async def until_read(self) -> None:
        """Wait until every alert and every notice that was published before is in the view."""
        await self._reader.until_alerts_read()

    async def send_mark(self, record: OutgoingRecord) -> None:
        """Publish what a viewer decided about an item, with a producer of its own: it happens a few times a day.

        Raises:
            BrokerUnavailable: the broker has not taken it in `MARK_S_MAX`.
        """
        try:
            async with asyncio.timeout(MARK_S_MAX), idempotent_producer(self._side.connection) as producer:
                await deliver(producer, [record], MARK_S_MAX)
        except (KafkaError, TimeoutError) as why:
            raise BrokerUnavailable(f"Kafka did not take the mark: {type(why).__name__}") from None

    async def _count(self, stopping: asyncio.Event) -> None:
        """Count, once the view knows which alerts were sent."""
        await any_of(self._reader.caught_up, stopping)

        async def run_application_once() -> None:
            try:
                await self._run_application(stopping)
            except Unsent as why:
                raise BrokerUnavailable(f"Kafka did not take an alert: {why}") from None
            except (KafkaError, FaustError) as why:
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}: {why}") from None

        while not stopping.is_set():
            await self._side.retries("kafka").run(run_application_once)

    async def _run_application(self, stopping: asyncio.Event) -> None:
        """Run one Faust application until it crashes or `stopping` is set."""
        async with idempotent_producer(self._side.connection) as producer:
            alerting = Alerting(self._limits, self._reader, sender(producer), self._topics, self._failpoint)
            app = inventory_app(self._side, alerting)
            try:
                with suppress(Stopped):  # the start takes until the table is rebuilt
                    await unless_stopped(app.start(), stopping)
                    # The retry policy says so only when the work returns, which here is the stop.
                    self._side.observer.observe(PartAvailable("kafka"))
                await app.wait_for_stopped(cast("Any", stopping))  # or until it crashes
            finally:
                await self._stop(app)
        if app.crash_reason is not None:
            raise app.crash_reason

    async def _stop(self, app: InventoryApp) -> None:
        stop = asyncio.create_task(app.stop())
        try:
            await asyncio.wait({stop}, timeout=STOP_S_MAX)
        finally:
            app.cut_short.set()  # a stop that is cancelled goes on, task by task
            _, late = await asyncio.wait({stop}, timeout=CUT_SHORT_S_MAX)
        if not late:
            await stop

    async def _read_lags(self) -> None:
        groups, trends = groups_of(self._topics, self._side.settings.group_prefix), LagTrends()
        own = self._side.settings.group_prefix + INVENTORY_GROUP

        async def read() -> None:
            self.lags.now = None
            try:
                async with lag_reader(self._side.connection) as reader:
                    while True:
                        lags = [without_commit_delay(lag, own) for lag in await reader.read(groups)]
                        if self.lags.now is None:  # ends this loop's own outage only; the view may still lack topics
                            self._side.observer.observe(PartAvailable("kafka"))
                        self.lags.topics = trends.add(lags, asyncio.get_running_loop().time())
                        self.lags.now = lags
                        self.view.age()
                        await asyncio.sleep(LAG_EVERY_S)
            except (KafkaError, TimeoutError) as why:
                self.lags.now = None
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None

        await self._side.retries("kafka").run(read)


async def any_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def sender(producer: AIOKafkaProducer, patience_s: float = EMIT_PATIENCE_S) -> Send:
    """Return the function that sends an alert and waits for the acknowledgement.

    It raises Unsent if the topic takes nothing for `patience_s`; aiokafka alone would retry a deleted topic forever.
    """

    async def send(record: OutgoingRecord) -> None:
        await deliver(producer, [record], patience_s)

    return send
