"""Delivers stock alerts to receivers, each from its own place on `stock-alerts.v1`.

In:       the topic, read by one consumer group per receiver: `webhooks.NAME`.
Out:      HTTP requests, in the order of the topic; lines of the log.
Promise:  at least once: the offset is committed after the receiver has taken the alert, or refused it for good, or
          the alert is too old. A receiver that does not answer delays only its own alerts. Nothing is queued in
          memory: what waits is on the topic. A new receiver starts at the topic's end.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from consumers.loop import aiokafka_patch as lenient
from consumers.loop.partition import as_incoming
from consumers.loop.stopping import stop_consumer
from ops.broker.client import client_options
from ops.broker.records import text
from ops.settings.load import Settings
from ops.webhooks.messages import body_of
from ops.webhooks.posting import Answer, post
from ops.webhooks.targets import Target, targets_of
from schemas.clock import utc_now
from schemas.events import StockAlert
from schemas.groups import WEBHOOKS
from schemas.topics import STOCK_ALERTS, Topics

PAUSE_S_MIN: Final = 1.0
PAUSE_S_MAX: Final = 60.0
STOP_S_MAX: Final = 2.0

log = structlog.get_logger(__name__)


class Delivery:
    """To one receiver; lives as long as the process."""

    def __init__(self, settings: Settings, target: Target, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._target = target
        self._session = session
        self._failures = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._consume()
            except KafkaError as why:
                await self._pause(f"Kafka: {type(why).__name__}")

    async def deliver(self, alert: StockAlert, alert_id: str) -> bool:
        """Whether the alert needs no further request."""
        if not self._target.wants(alert):
            return True
        body = body_of(self._target.format, alert, alert_id, self._settings.webhooks)
        answer = await post(self._session, self._target, body, alert_id)
        if answer.outcome == "taken":
            self._answered()
            return True
        age_s = (utc_now() - alert.at).total_seconds()
        if answer.outcome == "refused" or age_s > self._settings.webhooks.give_up_after_s:
            self._undelivered(alert, answer)
            return True
        await self._pause(answer.reason)
        return False

    async def _consume(self) -> None:
        lenient.install()
        consumer = AIOKafkaConsumer(
            Topics(self._settings.topics.prefix).full(STOCK_ALERTS),
            **client_options(self._settings.kafka),
            group_id=f"{self._settings.kafka.group_prefix}{WEBHOOKS}.{self._target.name}",
            enable_auto_commit=False,
            auto_offset_reset="latest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            await remember_start(consumer)
            while True:
                await self._one(consumer, await consumer.getone())
        finally:
            with suppress(TimeoutError):  # without a broker it would wait for one, and the role's stop with it
                async with asyncio.timeout(STOP_S_MAX):
                    await stop_consumer(consumer)

    async def _one(self, consumer: AIOKafkaConsumer, record: ConsumerRecord) -> None:
        """Commit what is done; read again what is not."""
        place = TopicPartition(record.topic, record.partition)
        if await self._is_done(record):
            await consumer.commit({place: record.offset + 1})
        elif place in consumer.assignment():
            consumer.seek(place, record.offset)

    async def _is_done(self, record: ConsumerRecord) -> bool:
        incoming = as_incoming(record)
        try:
            alert = StockAlert.model_validate_json(incoming.value or b"")
        except ValidationError:
            return True  # no alert of this service
        return await self.deliver(alert, text(incoming.header("ce_id")))

    async def _pause(self, reason: str) -> None:
        """Longer each time; the first failure is logged."""
        if self._failures == 0:
            log.warning("webhook_waits", webhook=self._target.name, reason=reason)
        pause_s = min(PAUSE_S_MIN * 2**self._failures, PAUSE_S_MAX)
        self._failures = min(self._failures + 1, 10)
        await asyncio.sleep(pause_s)

    def _answered(self) -> None:
        if self._failures:
            log.info("webhook_answers", webhook=self._target.name)
        self._failures = 0

    def _undelivered(self, alert: StockAlert, answer: Answer) -> None:
        log.error(
            "webhook_undelivered",
            webhook=self._target.name,
            campaign_id=alert.campaign_id,
            stock=alert.level,
            reason=answer.reason,
        )
        self._failures = 0


async def remember_start(consumer: AIOKafkaConsumer) -> None:
    """Commit where a new group begins: what is published until its first delivery is then not missed."""
    for place in consumer.assignment():
        if await consumer.committed(place) is None:
            await consumer.commit({place: await consumer.position(place)})


@asynccontextmanager
async def delivering(settings: Settings) -> AsyncIterator[None]:
    """Deliver to all receivers inside this context."""
    limit = aiohttp.ClientTimeout(total=settings.webhooks.timeout_s)
    async with aiohttp.ClientSession(timeout=limit) as session, asyncio.TaskGroup() as tasks:
        deliveries = [Delivery(settings, target, session) for target in targets_of(settings.webhooks.targets)]
        running = [tasks.create_task(delivery.run()) for delivery in deliveries]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
