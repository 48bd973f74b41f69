"""Sends the records of dead letters again, each together with the note about it.

In:       `Send`s.
Out:      records on their topics, and notes on `dead-letters-replayed.v1`.
Promise:  with `exactly_once` both are in one transaction, and only one replay at a time can commit: a new one fences
          the one before. With `at_least_once` a record is safe before its note is written.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from ops.broker.client import client_options
from ops.broker.reading import kafka_errors
from ops.letters.verdict import Send
from ops.settings.load import Settings
from producers.emitters import (
    TransactionalEmitter,
    emit_failed,
    idempotent_producer,
    patience_s,
    transactional_producer,
)
from producers.sending import deliver
from schemas.errors import AbortReason, BrokerUnavailable, CodeServiceError, EmitFailed, PartitionFenced
from schemas.groups import REPLAYS

NO_SOURCE = TopicPartition("", -1)
"""A replay commits no offset."""


class ReplayTakenOver(CodeServiceError):
    """What was sent before is remembered. When the other replay has ended, run this one again for the rest."""


class Replayer(Protocol):
    """Who sends the records of a replay."""

    async def send(self, items: Sequence[Send]) -> None:
        """Send them with their notes.

        Raises:
            ReplayTakenOver: another replay has started. Nothing of these is visible.
            BrokerUnavailable: Kafka did not accept them, or its answer was lost.
        """


class InTransactions:
    """All of a call, or nothing."""

    def __init__(self, emitter: TransactionalEmitter) -> None:
        self._emitter = emitter

    async def send(self, items: Sequence[Send]) -> None:
        """See `Replayer.send`."""
        records = [record for item in items for record in (item.record, item.note)]
        try:
            await self._emitter.emit(records, None)
        except PartitionFenced:
            raise ReplayTakenOver("another replay has started") from None
        except EmitFailed as why:
            raise BrokerUnavailable(str(why)) from None


class InTwoSteps:
    """Records, then notes."""

    def __init__(self, producer: AIOKafkaProducer, limit_s: float) -> None:
        self._producer = producer
        self._limit_s = limit_s

    async def send(self, items: Sequence[Send]) -> None:
        """See `Replayer.send`."""
        try:
            # In this order: a note without its record would lose the record.
            await deliver(self._producer, [item.record for item in items], self._limit_s)
            await deliver(self._producer, [item.note for item in items], self._limit_s)
        except (KafkaError, TimeoutError) as why:
            raise BrokerUnavailable(str(emit_failed("sending failed", why))) from None


@asynccontextmanager
async def open_replayer(settings: Settings) -> AsyncIterator[Replayer]:
    """With `exactly_once` its start ends every other replay. Read the notes after it: then they are complete."""
    timeout_ms = settings.kafka.transaction_timeout_ms
    limit_s, options = patience_s(timeout_ms), client_options(settings.kafka)
    with kafka_errors(settings.kafka):
        if settings.processing_guarantee == "at_least_once":
            async with idempotent_producer(options) as producer:
                yield InTwoSteps(producer, limit_s)
            return
        name = f"{settings.kafka.group_prefix}{REPLAYS}.replay"
        async with transactional_producer(options, name, timeout_ms) as producer:
            yield InTransactions(TransactionalEmitter(producer, NO_SOURCE, name, ignored, limit_s))


def ignored(_reason: AbortReason) -> None:
    """A command has no metrics."""
