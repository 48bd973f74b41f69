"""One request or command sent as any program would, and its answer awaited.

In:       a validated request, the record's key.
Out:      where the record stands; the answer as it came, or none in time.
Promise:  the place to listen from is taken before anything is sent, so no answer is missed.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from cli.jobs.tailing import Stand, Wanted, opened
from handlers.imports.progress import end_identity
from ops.broker.client import client_options
from ops.broker.patience import Patience, Say, Unanswered, kafka_patience
from ops.broker.reading import TopicReader, kafka_errors, partitions_of
from ops.broker.records import Fields, fields_of, text
from ops.settings.load import Settings
from producers.emitters import idempotent_producer
from producers.envelope import event_id
from schemas.errors import BrokerUnavailable
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ImportCommand,
    ReleaseRequest,
    Request,
    ReserveRequest,
    content_digest,
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
    settings: Settings,
    order: Order,
    key: str,
    *,
    timeout_s: float,
    on_progress: OnProgress = lambda _: None,
    say: Say = lambda _: None,
) -> Sent:
    """Send it, then wait for its result or the end of its import. The answer is None if there is none in time.

    An import's progress is a sign of life: from each event on, the time counts anew.

    Raises:
        TopicMissing, KafkaRefused: see `publish`; the record may have been sent.
        Unanswered: Kafka was unavailable when the time was over; the record may have been sent.
    """
    patience = kafka_patience(settings.kafka.bootstrap_servers, say, timeout_s)
    waiting = Waiting(settings, order, key, patience, lambda: limit.reschedule(clock() + timeout_s))
    clock = asyncio.get_running_loop().time

    def heard(says: Fields) -> None:
        limit.reschedule(clock() + timeout_s)
        on_progress(says)

    try:
        async with asyncio.timeout(None) as limit:
            answer = await waiting.answer(heard)
    except TimeoutError:
        return waiting.without_answer(timeout_s)
    return replace(waiting.certain(), answer=answer)


class Waiting:
    """One order under way. It is sent again if nobody knows whether it was taken: the answer is the same."""

    def __init__(
        self, settings: Settings, order: Order, key: str, patience: Patience, on_sent: Callable[[], None]
    ) -> None:
        """`on_sent` starts the time for the answer."""
        topics = Topics(settings.topics.prefix)
        self._settings = settings
        self._order = order
        self._key = key
        self._patience = patience
        self._on_sent = on_sent
        self._topic = topics.full(DESTINATIONS[type(order)])
        self._answers = Wanted(topics.full(IMPORTS if isinstance(order, ImportCommand) else RESULTS))
        self._sent: Sent | None = None

    def certain(self) -> Sent:
        """Where the record stands."""
        assert self._sent is not None, "nothing is answered before it is sent"
        return self._sent

    def without_answer(self, timeout_s: float) -> Sent:
        """Where the record stands. Raises Unanswered if it was not sent, or Kafka does not answer now."""
        if self._sent is None or self._patience.is_unavailable:
            raise Unanswered(f"Kafka is unavailable at {self._settings.kafka.bootstrap_servers}, for {timeout_s:g} s")
        return self._sent

    async def answer(self, on_progress: OnProgress) -> Fields:
        """Listen from before it is sent until its answer stands there, however often the brokers are lost."""
        stand = Stand()
        while True:
            try:
                async with opened(self._settings, self._answers, stand, self._patience) as (reader, _):
                    await self._send()
                    ids = answer_ids(self._order, self.certain(), Topics(self._settings.topics.prefix))
                    return await first_answer(reader, self._order.request_id, ids, on_progress, stand, self._patience)
            except BrokerUnavailable as why:
                await self._patience.pause(why)

    async def _send(self) -> None:
        if self._sent is None:
            async with self._patience.asked():
                await partitions_of(self._settings, [self._topic])
                self._sent = await send(self._settings, self._order, self._topic, self._key)
            self._on_sent()


async def send(settings: Settings, order: Order, topic: str, key: str) -> Sent:
    """Produce one record, acknowledged by all replicas."""
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:
            there = await producer.send_and_wait(topic, value=order.to_json(), key=key.encode())
    return Sent(order.request_id, topic, there.partition, there.offset, key)


def answer_ids(order: Order, sent: Sent, topics: Topics) -> frozenset[str]:
    """The `ce_id`s that its answer may have: of its id and content, or of its record if it was refused as such.

    Another record may carry the same id with other content: its answer is not this one's.
    """
    place = f"{topics.bare(sent.topic)}.{sent.partition}@{sent.offset}"
    if isinstance(order, ImportCommand):
        identities = (end_identity(order.request_id, content_digest(order)), place)
        return frozenset(event_id("import", identity) for identity in identities)
    identities = (f"{order.request_id}:{content_digest(order)}", place)
    return frozenset(event_id("result", identity) for identity in identities)


async def first_answer(
    reader: TopicReader,
    request_id: str,
    ids: Collection[str],
    on_progress: OnProgress,
    stand: Stand,
    patience: Patience,
) -> Fields:
    """Read on until the answer to this request stands there; `stand` is where another reader would go on."""
    while True:
        for record in await reader.poll(patience):
            says = fields_of(record.value)
            if request_id not in {says.get("request_id"), says.get("import_id")}:
                continue
            if says.get("state") == "running":
                on_progress(says)
            elif text(record.header("ce_id")) in ids:
                return says
        stand.positions = await reader.positions()
