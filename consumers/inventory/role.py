"""The inventory role: it reads the view first, then joins the group that counts.

In:   how to reach Kafka, the limits, the view.
Out:  `InventoryRole.run`, which works until it is stopped, and leaves no task and no connection open.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.exceptions import FaustError

from consumers.inventory.counting import Alerting, Send, inventory_app
from consumers.inventory.faust_kafka import InventoryApp
from consumers.inventory.lag import Lag, groups_of, lag_reader
from consumers.inventory.view import InventoryView
from consumers.inventory.view_reader import ViewReader
from consumers.loop.failpoints import Failpoint
from consumers.loop.prefetch import Stopped, unless_stopped
from consumers.loop.serving import KafkaSide
from handlers.inventory.alerts import StockLimits
from producers.emitters import EMIT_PATIENCE_S, idempotent_producer
from producers.sending import Unsent, deliver
from schemas.errors import BrokerUnavailable
from schemas.observation.partitions import PartAvailable
from schemas.records import OutgoingRecord
from schemas.stock import changelog_topic
from schemas.topics import Topics

LAG_EVERY_S: Final = 5.0
STOP_S_MAX: Final = 8.0
"""For Faust to stop; while the broker does not answer it would wait for longer than a process may take to end."""


@dataclass(slots=True)
class Lags:
    """The lags as they were last read; None: not known."""

    now: list[Lag] | None = None


class InventoryRole:
    """Lives as long as its process."""

    def __init__(self, side: KafkaSide, topics: Topics, limits: StockLimits, failpoint: Failpoint) -> None:
        changelog = changelog_topic(side.settings.group_prefix)
        self.view = InventoryView(topics, changelog)
        self.lags = Lags()
        self.left_open = False
        """Faust could not be stopped in time: a thread of it may go on for a while, and would keep the process."""
        self._reader = ViewReader(self.view, topics, changelog, side.observer)
        self._side = side
        self._topics = topics
        self._limits = limits
        self._failpoint = failpoint

    async def run(self, stopping: asyncio.Event) -> None:
        """Read, count and alert until `stopping` is set.

        Raises:
            ExceptionGroup: something unforeseen.
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

    async def _count(self, stopping: asyncio.Event) -> None:
        """Not before it is known which alerts were sent."""
        await any_of(self._reader.caught_up, stopping)

        async def life() -> None:
            try:
                await self._live(stopping)
            except Unsent as why:
                raise BrokerUnavailable(f"Kafka did not take an alert: {why}") from None
            except (KafkaError, FaustError) as why:
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}: {why}") from None

        while not stopping.is_set():
            await self._side.retries("kafka").run(life)

    async def _live(self, stopping: asyncio.Event) -> None:
        """One application, from its start to its crash or to the end."""
        async with idempotent_producer(self._side.connection) as producer:
            alerting = Alerting(self._limits, self._reader, sender(producer), self._topics, self._failpoint)
            app = inventory_app(self._side, alerting)
            try:
                with suppress(Stopped):  # it takes until its table is rebuilt
                    await unless_stopped(app.start(), stopping)
                await app.wait_for_stopped(cast("Any", stopping))  # or for its crash
            finally:
                await self._stop(app)
        if app.crash_reason is not None:
            raise app.crash_reason

    async def _stop(self, app: InventoryApp) -> None:
        stop = asyncio.create_task(app.stop())
        _, late = await asyncio.wait({stop}, timeout=STOP_S_MAX)
        if late:
            self.left_open = True
            stop.cancel()
        else:
            await stop

    async def _read_lags(self) -> None:
        groups = groups_of(self._topics, self._side.settings.group_prefix)

        async def read() -> None:
            self.lags.now = None
            try:
                async with lag_reader(self._side.connection) as reader:
                    while True:
                        lags = await reader.read(groups)
                        if self.lags.now is None:  # this asking has its own silence only; the view may lack topics
                            self._side.observer.observe(PartAvailable("kafka"))
                        self.lags.now = lags
                        self.view.age()
                        await asyncio.sleep(LAG_EVERY_S)
            except (KafkaError, TimeoutError) as why:
                self.lags.now = None
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None

        await self._side.retries("kafka").run(read)


async def any_of(*events: asyncio.Event) -> None:
    """Wait for the first of them."""
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
