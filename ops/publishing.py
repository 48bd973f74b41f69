"""Sends one request or import command, as any other program would.

In:       a validated request, the record's key.
Out:      where the record was written.
Promise:  the record is acknowledged by all replicas. Nothing is sent to a topic that does not exist.
"""

from dataclasses import dataclass
from typing import Final, Literal

from aiokafka import AIOKafkaProducer

from ops.broker.client import client_options
from ops.broker.reading import kafka_errors, partitions_of
from ops.broker.records import Fields
from ops.settings.load import Settings
from ops.tokens.sending import token_headers
from producers.emitters import idempotent_producer
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ImportCommand,
    ReleaseRequest,
    Request,
    ReserveRequest,
)
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE, Topics, TopicSpec

Order = Request | ImportCommand

DESTINATIONS: Final[dict[type[Order], TopicSpec]] = {
    ReserveRequest: RESERVE,
    AssignReservation: ASSIGN,
    AssignFromStock: ASSIGN,
    ReleaseRequest: RELEASE,
    ImportCommand: IMPORT,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The record that was sent, with its answer if one was waited for and came in time."""

    request_id: str
    topic: str
    partition: int
    offset: int
    key: str
    answer: Fields | None = None


@dataclass(slots=True)
class Sending:
    """How far an order is, for the case that the user interrupts it."""

    order: Order
    stage: Literal["not sent", "being sent", "sent"] = "not sent"


def default_key(order: Order) -> str:
    """The fan, so that all requests of a fan are in one partition; for a command, the campaign."""
    match order:
        case ImportCommand():
            return order.campaign_id
        case ReleaseRequest():
            return order.fan_id or order.reservation_id
        case _:
            return order.fan_id


async def publish(settings: Settings, sending: Sending, key: str) -> Sent:
    """Send the record.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: nothing was sent, as far as is known.
    """
    topic = Topics(settings.topics.prefix).full(DESTINATIONS[type(sending.order)])
    await partitions_of(settings, [topic])
    return await send(settings, sending, topic, key)


async def send(settings: Settings, sending: Sending, topic: str, key: str) -> Sent:
    """Produce one record, acknowledged by all replicas."""
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:
            return await written(producer, settings, sending, topic, key)


async def written(producer: AIOKafkaProducer, settings: Settings, sending: Sending, topic: str, key: str) -> Sent:
    """The same with a producer that is started already."""
    order, sending.stage = sending.order, "being sent"
    headers = token_headers(settings.requests)
    record = await producer.send_and_wait(topic, value=order.to_json(), key=key.encode(), headers=headers)
    sending.stage = "sent"
    return Sent(order.request_id, topic, record.partition, record.offset, key)
