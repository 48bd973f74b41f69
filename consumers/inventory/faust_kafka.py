"""Faust on our own Kafka clients: the same address, security, time-outs and isolation as every other role.

In:   `KafkaSide`.
Out:  `InventoryApp`, a Faust application without a web server, a directory, signal handlers or a log of its own.

Faust 0.15 makes its consumer read uncommitted records unless it runs its own transactions, and with those it does not
rebuild a table that is kept in memory (see docs/decisions/0012). So it gets a consumer that reads committed ones.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from faust.transport.drivers import aiokafka as driver
from faust.types import AgentT, AppT

from consumers.inventory.faust_flow import OurConsumer
from consumers.inventory.faust_stop import FAUST_LOG, Limits
from consumers.inventory.faust_tables import OurTable, OurTables
from consumers.loop.group import REBALANCE_TIMEOUT_MS
from consumers.loop.serving import KafkaSide
from schemas.groups import INVENTORY_GROUP

COMMIT_INTERVAL_S: Final = 1.0
LINGER_MS: Final = 20
"""Each event writes a value to the changelog; only the commit waits for it."""
HANDOVER_S_MAX: Final = 10.0
"""For the event being counted when partitions are revoked; far less than the group waits."""
WRITTEN_S_MAX: Final = 60.0
"""For the changelog to acknowledge what was written; the producer itself gives up earlier."""
NO_BROKER: Final = "kafka://"
"""Faust wants an address to choose its driver by; the clients have ours."""


class InventoryApp(faust.App):
    """A Faust application, which cannot be started twice; after a crash the role creates a new one."""

    logger = FAUST_LOG

    def __init__(self, side: KafkaSide, until_alerts_read: Callable[[], Awaitable[None]]) -> None:
        self.side = side
        self.until_alerts_read = until_alerts_read
        """Waits until every alert that is on its topic is known here."""
        self.unwritten: set[asyncio.Future[Any]] = set()
        """Values that the changelog has not acknowledged."""
        self.idle = asyncio.Event()
        """No event is being counted."""
        self.idle.set()
        self.agent_failed = False
        self.cut_short = asyncio.Event()
        """Ends a stop that takes too long."""
        self.limits = Limits(self.cut_short)
        self.group = side.settings.group_prefix + INVENTORY_GROUP
        session_s = side.settings.session_timeout_ms / 1000
        super().__init__(
            self.group,
            broker=NO_BROKER,
            store="memory://",
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            Table=OurTable,
            TableManager=OurTables,
            stream_wait_empty=False,
            broker_commit_interval=COMMIT_INTERVAL_S,
            broker_session_timeout=session_s,
            broker_heartbeat_interval=session_s / 4,
            broker_rebalance_timeout=REBALANCE_TIMEOUT_MS / 1000,
            broker_request_timeout=max(side.settings.request_timeout_ms / 1000, session_s),
        )

    def _new_transport(self) -> "OurTransport":
        return OurTransport([self.conf.broker[0]], self)

    def _new_producer_transport(self) -> "OurTransport":
        return self._new_transport()

    async def _on_agent_error(self, agent: AgentT[Any], exc: BaseException) -> None:  # noqa: ARG002  # Faust's signature
        """An event that cannot be counted ends the application; Faust would go on without it."""
        self.agent_failed = True
        await self.crash(exc)

    async def _consumer_wait_empty(self, consumer: Any, logger: Any) -> None:  # noqa: ANN401, ARG002  # Faust's signature
        """Before partitions are revoked, and in a stop: finish the current event, and commit what is done.

        Without it the next owner might look for an alert before this process has sent it.

        Raises:
            KafkaTimeoutError: it takes too long; the application crashes, and the role creates a new one.
        """
        if self.should_stop:
            await self.limits.finish(self._committed(consumer))
        else:
            await self._committed(consumer)

    async def _committed(self, consumer: Any) -> None:  # noqa: ANN401  # Faust's consumer
        if self.agent_failed:
            return  # its event is never done
        await in_time(self.idle.wait(), HANDOVER_S_MAX, "an event is still being counted")
        await consumer.commit()

    async def _producer_flush(self, logger: Any) -> None:  # noqa: ANN401  # Faust's signature
        """Before partitions are revoked. In a stop the commit has flushed; what was not flushed is counted again."""
        if not self.should_stop:
            await super()._producer_flush(logger)

    async def written(self) -> None:
        """Wait until the changelog has all that was written to the table.

        Raises:
            KafkaError: a value was not acknowledged. Faust would commit anyway, and the table would lack it.
        """
        waiting = set(self.unwritten)
        if waiting:
            await in_time(asyncio.gather(*waiting), WRITTEN_S_MAX, "the changelog does not acknowledge the table")
        self.unwritten -= waiting

    def _create_directories(self) -> None:
        """None: the table lives in memory, and the file system may be read-only."""


def ours(app: AppT) -> InventoryApp:
    """What Faust knows as an application only."""
    return cast("InventoryApp", app)


async def in_time(work: Awaitable[Any], seconds: float, why: str) -> None:
    """Wait for it.

    Raises:
        KafkaTimeoutError: `seconds` are over.
    """
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise KafkaTimeoutError(why) from None


class OurProducer(driver.Producer):
    """Writes the changelog."""

    logger = FAUST_LOG

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:  # noqa: ARG002  # none are used
        return AIOKafkaProducer(**ours(self.app).side.connection, enable_idempotence=True, linger_ms=LINGER_MS)

    async def on_stop(self) -> None:
        """Close the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await ours(self.app).limits.close_producer(producer)

    async def flush(self) -> None:
        """Faust flushes before it commits, and gives up after 0.1 s without saying so."""
        await ours(self.app).written()
        await super().flush()


class OurTransport(driver.Transport):
    """Which classes Faust takes."""

    Consumer = OurConsumer
    Producer = OurProducer
