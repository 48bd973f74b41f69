"""Sends one request or command, as any program would, and waits for its answer.

In:       a validated request, the record's key.
Out:      where the record was written; the answer, or none if it did not come in time.
Promise:  the position to read answers from is taken before the record is sent, so no answer is missed.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final
from uuid import uuid4

from cli.jobs.tailing import ReadPosition, Selection, open_reader
from handlers.imports.progress import end_identity
from ops.broker.patience import Patience, Say, Unanswered, kafka_patience
from ops.broker.reading import TopicReader, partitions_of
from ops.broker.records import Fields, fields_of, text
from ops.publishing import DESTINATIONS, Order, Sending, Sent, send
from ops.settings.load import Settings
from producers.envelope import event_id
from schemas.errors import BrokerUnavailable
from schemas.requests import ImportCommand, content_digest
from schemas.topics import IMPORTS, RESULTS, Topics

OnProgress = Callable[[Fields], None]

GOOD_ENDS: Final = ("reserved", "assigned", "released", "completed")


def parting_line(sending: Sending) -> str | None:
    """What an interrupted command leaves: whether the record was sent, and how its answer is found."""
    if sending.stage == "not sent":
        return None
    name, verb = sending.order.request_id, "was" if sending.stage == "sent" else "may have been"
    if isinstance(sending.order, ImportCommand):
        commands = f"Its progress: codes imports show {name}; to stop it: codes imports cancel {name}"
        return f"Import {name} {verb} sent. {commands}"
    return f"Request {name} {verb} sent. Its result: codes show request {name}"


def new_request_id() -> str:
    return f"cli-{uuid4()}"


async def publish_and_wait(
    settings: Settings,
    sending: Sending,
    key: str,
    *,
    timeout_s: float,
    on_progress: OnProgress = lambda _: None,
    say: Say = lambda _: None,
) -> Sent:
    """Send the record, then wait for its result or the end of its import. The answer is None if it is not in time.

    Each progress event of an import restarts the timeout.

    Raises:
        TopicMissing, KafkaRefused: see `publish`; the record may have been sent.
        Unanswered: Kafka was unavailable when the timeout ended; the record may have been sent.
    """
    patience = kafka_patience(settings.kafka.bootstrap_servers, say, timeout_s)
    waiting = Waiting(settings, sending, key, patience, lambda: limit.reschedule(clock() + timeout_s))
    clock = asyncio.get_running_loop().time

    def progressed(event: Fields) -> None:
        limit.reschedule(clock() + timeout_s)
        on_progress(event)

    try:
        async with asyncio.timeout(None) as limit:
            answer = await waiting.answer(progressed)
    except TimeoutError:
        return waiting.without_answer(timeout_s)
    return replace(waiting.sent(), answer=answer)


class Waiting:
    """One order in progress. If it is unknown whether Kafka accepted it, it is sent again: the answer is the same."""

    def __init__(
        self, settings: Settings, sending: Sending, key: str, patience: Patience, on_sent: Callable[[], None]
    ) -> None:
        """`on_sent` starts the timeout for the answer."""
        topics = Topics(settings.topics.prefix)
        self._settings = settings
        self._sending = sending
        self._order = order = sending.order
        self._key = key
        self._patience = patience
        self._on_sent = on_sent
        self._topic = topics.full(DESTINATIONS[type(order)])
        self._answers = Selection(topics.full(IMPORTS if isinstance(order, ImportCommand) else RESULTS))
        self._sent: Sent | None = None

    def sent(self) -> Sent:
        assert self._sent is not None, "an answer cannot come before the record is sent"
        return self._sent

    def without_answer(self, timeout_s: float) -> Sent:
        """The record that was sent. Raises Unanswered if it was not sent, or Kafka is unavailable now."""
        if self._sent is None or self._patience.is_unavailable:
            raise Unanswered(f"Kafka is unavailable at {self._settings.kafka.bootstrap_servers}, for {timeout_s:g} s")
        return self._sent

    async def answer(self, on_progress: OnProgress) -> Fields:
        """Read from a position before the record until its answer comes, across any number of lost connections."""
        position = ReadPosition()
        while True:
            try:
                async with open_reader(self._settings, self._answers, position, self._patience) as (reader, _):
                    await self._send()
                    ids = answer_ids(self._order, self.sent(), Topics(self._settings.topics.prefix))
                    return await first_answer(
                        reader, self._order.request_id, ids, on_progress, position, self._patience
                    )
            except BrokerUnavailable as why:
                await self._patience.pause(why)

    async def _send(self) -> None:
        if self._sent is None:
            async with self._patience.asked():
                await partitions_of(self._settings, [self._topic])
                self._sent = await send(self._settings, self._sending, self._topic, self._key)
            self._on_sent()


def answer_ids(order: Order, sent: Sent, topics: Topics) -> frozenset[str]:
    """The `ce_id`s that the answer may have: of the id and content, or of the record if that was refused.

    Another record may carry the same id with other content, and its answer is another one.
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
    position: ReadPosition,
    patience: Patience,
) -> Fields:
    """Read until the answer to this request comes; `position` is where another reader would continue."""
    while True:
        for record in await reader.poll(patience):
            fields = fields_of(record.value)
            if request_id not in {fields.get("request_id"), fields.get("import_id")}:
                continue
            if fields.get("state") == "running":
                on_progress(fields)
            elif text(record.header("ce_id")) in ids:
                return fields
        position.offsets = await reader.positions()
