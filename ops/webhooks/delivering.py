"""Delivers stock alerts to a receiver, from its own place on `stock-alerts.v1`.

In:       the topic, read by one consumer group per receiver: `webhooks.NAME`.
Out:      HTTP requests, in the order of the topic; lines of the log.
Promise:  at least once: the offset is committed after the receiver has taken the alert, or refused it for good, or
          the alert is too old. A receiver that does not answer delays only its own alerts. Nothing is queued in
          memory: what waits is on the topic. A new receiver starts at the topic's end.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from consumers.loop import aiokafka_patch as lenient
from consumers.loop.partition import as_incoming
from consumers.loop.stopping import stop_consumer
from ops.broker.client import client_options
from ops.broker.records import text
from ops.settings.load import Settings
from ops.webhooks.messages import body_of
from ops.webhooks.sending import Message, Sender
from schemas.events import StockAlert
from schemas.groups import WEBHOOKS
from schemas.topics import STOCK_ALERTS, Topics

STOP_S_MAX: Final = 2.0

log = structlog.get_logger(__name__)


class Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Calls a function after each rebalance."""

    def __init__(self, on_assigned: Callable[[], None]) -> None:
        self._on_assigned = on_assigned

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing: what is not committed is read again."""

    async def on_partitions_assigned(self, _assigned: Collection[TopicPartition]) -> None:
        self._on_assigned()


class Delivery:
    """To one receiver; lives as long as the process."""

    def __init__(self, settings: Settings, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender
        self._target = sender.target
        self._consumer: AIOKafkaConsumer | None = None
        self._next: int | None = None
        """The offset after the last alert that is done."""

    @property
    def is_owner(self) -> bool:
        """Whether this process, and no other one, sends to the receiver."""
        return self._consumer is not None and bool(self._consumer.assignment())

    def waiting(self) -> int:
        """Records that are not done yet, as far as the broker has named them; 0 where another process sends."""
        if self._consumer is None or self._next is None:
            return 0
        ends = [self._consumer.highwater(place) or 0 for place in self._consumer.assignment()]
        return max(0, max(ends, default=0) - self._next)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._consume()
            except KafkaError as why:
                await self._sender.pause(f"Kafka: {type(why).__name__}")

    async def deliver(self, alert: StockAlert, alert_id: str) -> bool:
        """Whether the alert needs no further request."""
        if not self._target.wants(alert):
            return True
        body = body_of(self._target.format, alert, alert_id, self._settings.webhooks)
        message = Message(alert_id, body, alert.at, partial(self._undelivered, alert))
        return await self._sender.send(message) != "failed"

    async def _consume(self) -> None:
        lenient.install()
        consumer = AIOKafkaConsumer(
            **client_options(self._settings.kafka),
            group_id=f"{self._settings.kafka.group_prefix}{WEBHOOKS}.{self._target.name}",
            enable_auto_commit=False,
            auto_offset_reset="latest",
            isolation_level="read_committed",
        )
        consumer.subscribe(
            [Topics(self._settings.topics.prefix).full(STOCK_ALERTS)], listener=Assignments(self._reset)
        )
        try:
            await consumer.start()
            await remember_start(consumer)
            self._consumer = consumer
            while True:
                await self._one(consumer, await consumer.getone())
        finally:
            self._consumer = None
            with suppress(TimeoutError):  # without a broker it would wait for one, and the role's stop with it
                async with asyncio.timeout(STOP_S_MAX):
                    await stop_consumer(consumer)

    def _reset(self) -> None:
        """Another process may have gone on meanwhile."""
        self._next = None

    async def _one(self, consumer: AIOKafkaConsumer, record: ConsumerRecord) -> None:
        """Commit what is done; read again what is not."""
        place = TopicPartition(record.topic, record.partition)
        self._next = record.offset
        if await self._is_done(record):
            self._next = record.offset + 1
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

    def _undelivered(self, alert: StockAlert, reason: str) -> None:
        log.error(
            "webhook_undelivered",
            webhook=self._target.name,
            campaign_id=alert.campaign_id,
            stock=alert.level,
            reason=reason,
        )


async def remember_start(consumer: AIOKafkaConsumer) -> None:
    """Commit where a new group begins: what is published until its first delivery is then not missed."""
    for place in consumer.assignment():
        if await consumer.committed(place) is None:
            await consumer.commit({place: await consumer.position(place)})
