"""One request or command sent as any program would, and its answer awaited.

In:       a validated request, the record's key.
Out:      where the record stands; the answer as it came, or none in time.
Promise:  the place to listen from is taken before anything is sent, so no answer is missed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from ops.kafka import client_options
from ops.kafka_reading import TopicReader, kafka_errors, partitions_of, topic_reader
from ops.records import Fields, fields_of
from ops.settings import Settings
from producers.emitters import idempotent_producer
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ImportCommand,
    ReleaseRequest,
    Request,
    ReserveRequest,
)
from schemas.topics import ASSIGN, IMPORT, IMPORTS, RELEASE, RESERVE, RESULTS, Topics, TopicSpec

Order = Request | ImportCommand

OnProgress = Callable[[Fields], None]

DESTINATIONS: Final[dict[type[Order], TopicSpec]] = {
    ReserveRequest: RESERVE,
    AssignReservation: ASSIGN,
    AssignFromStock: ASSIGN,
    ReleaseRequest: RELEASE,
    ImportCommand: IMPORT,
}
GOOD_ENDS: Final = ("reserved", "assigned", "released", "completed")


@dataclass(frozen=True, slots=True)
class Sent:
    """The record that was sent, and its answer if one was awaited and came."""

    request_id: str
    topic: str
    partition: int
    offset: int
    key: str
    answer: Fields | None = None


def new_request_id() -> str:
    """An id that nobody else has."""
    return f"cli-{uuid4()}"


def default_key(order: Order) -> str:
    """The fan, who then finds his requests in one partition; a command has its campaign."""
    match order:
        case ImportCommand():
            return order.campaign_id
        case ReleaseRequest():
            return order.fan_id or order.reservation_id
        case _:
            return order.fan_id


async def publish(settings: Settings, order: Order, key: str) -> Sent:
    """Send it.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: nothing was sent, as far as is known.
    """
    topic = Topics(settings.topics.prefix).full(DESTINATIONS[type(order)])
    await partitions_of(settings, [topic])
    return await send(settings, order, topic, key)


async def publish_and_wait(
    settings: Settings, order: Order, key: str, *, timeout_s: float, on_progress: OnProgress = lambda _: None
) -> Sent:
    """Send it, then wait for its result or the end of its import. The answer is None if there is none in time.

    An import's progress is a sign of life: from each event on, the time counts anew.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `publish`; the record may have been sent.
    """
    topics = Topics(settings.topics.prefix)
    topic = topics.full(DESTINATIONS[type(order)])
    await partitions_of(settings, [topic])
    async with listening(settings, topics.full(IMPORTS if isinstance(order, ImportCommand) else RESULTS)) as reader:
        sent = await send(settings, order, topic, key)
        try:
            answer = await answer_in_time(reader, order.request_id, timeout_s, on_progress)
        except TimeoutError:
            return sent
    return Sent(sent.request_id, sent.topic, sent.partition, sent.offset, sent.key, answer)


@asynccontextmanager
async def listening(settings: Settings, topic: str) -> AsyncIterator[TopicReader]:
    """A reader that stands where the topic ends now."""
    async with topic_reader(settings, [topic]) as reader:
        reader.start_at(await reader.ends())
        yield reader


async def send(settings: Settings, order: Order, topic: str, key: str) -> Sent:
    """Produce one record, acknowledged by all replicas."""
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:
            there = await producer.send_and_wait(topic, value=order.to_json(), key=key.encode())
    return Sent(order.request_id, topic, there.partition, there.offset, key)


async def answer_in_time(reader: TopicReader, request_id: str, timeout_s: float, on_progress: OnProgress) -> Fields:
    """The answer. Raises TimeoutError if nothing is heard for so long."""
    clock = asyncio.get_running_loop().time

    def heard(says: Fields) -> None:
        limit.reschedule(clock() + timeout_s)
        on_progress(says)

    async with asyncio.timeout(timeout_s) as limit:
        return await first_answer(reader, request_id, heard)


async def first_answer(reader: TopicReader, request_id: str, on_progress: OnProgress) -> Fields:
    """Read on until the answer to this request stands there."""
    while True:
        for record in await reader.poll():
            says = fields_of(record.value)
            if request_id not in {says.get("request_id"), says.get("import_id")}:
                continue
            if says.get("state") != "running":
                return says
            on_progress(says)
