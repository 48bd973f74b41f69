"""Faust on our own Kafka clients: the same address, security, time-outs and isolation as every other role.

In:   `KafkaSide`.
Out:  `InventoryApp`, a Faust application without a web server, a directory, signal handlers or a log of its own.

Faust 0.15 makes its consumer read uncommitted records unless it runs its own transactions, and with those it does not
rebuild a table that is kept in memory (see docs/decisions/0012). So it gets a consumer that reads committed ones.
"""

import logging
from typing import Any, Final, cast

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.transport.drivers import aiokafka as driver
from faust.types import AgentT, AppT

from consumers.group import REBALANCE_TIMEOUT_MS, consumer_options
from consumers.role import KafkaSide
from schemas.stock import INVENTORY_GROUP

COMMIT_INTERVAL_S: Final = 1.0
LINGER_MS: Final = 20
"""Each event writes one value to the changelog; nobody waits for it but the commit."""
NO_BROKER: Final = "kafka://"
"""Faust wants an address to choose its driver by; the clients have ours."""
FAUST_LOG: Final = logging.getLogger("faust")
"""Faust logs under the module of a class, which here is ours."""


class InventoryApp(faust.App):
    """The application of one process. Made anew after a crash: a Faust application cannot be started twice."""

    logger = FAUST_LOG

    def __init__(self, side: KafkaSide) -> None:
        self.side = side
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
        await self.crash(exc)

    def _create_directories(self) -> None:
        """None: the table lives in memory, and the file system may be read-only."""


def ours(app: AppT) -> InventoryApp:
    """What Faust knows as an application only."""
    return cast("InventoryApp", app)


class CommittedConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread around a consumer of ours."""

    logger = FAUST_LOG

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ANN401, ARG002  # Faust's signature
        app = ours(self.app)
        options = {**app.side.connection, **consumer_options(app.side.settings, app.group)}
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(**{**options, "partition_assignment_strategy": [self._assignor]})


class OurConsumer(driver.Consumer):
    """Faust's consumer, which delegates to the thread."""

    logger = FAUST_LOG

    def _new_consumer_thread(self) -> CommittedConsumerThread:
        return CommittedConsumerThread(self, loop=self.loop, beacon=self.beacon)


class OurProducer(driver.Producer):
    """Writes the changelog."""

    logger = FAUST_LOG

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:  # noqa: ARG002  # none are used
        return AIOKafkaProducer(**ours(self.app).side.connection, enable_idempotence=True, linger_ms=LINGER_MS)


class OurTransport(driver.Transport):
    """Which classes Faust takes."""

    Consumer = OurConsumer
    Producer = OurProducer
