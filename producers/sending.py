"""Sends records, waits for their acknowledgements with a limit, and names the topics at fault.

In:       a started producer, and records.
Out:      nothing once the broker has them all.
Promise:  an assertion of the client is an error like any other here; it never ends the process.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalOperation,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    ProducerFenced,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnknownTopicOrPartitionError,
)

from producers.shipment import Sent, Shipment
from schemas.records import OutgoingRecord

RECORDS_PER_LOOK: Final = 64
"""The limit starts anew after this many records that were handed over; doing it for each would cost time."""
SETTLE_S: Final = 1.0
"""After the first failure the others are waited for so long: the first is not always the cause."""
METADATA_TIMEOUT_S: Final = 2.0
TOPICS_FAULT: Final = (
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,  # a compacted topic refuses a record without a key so; the client has no name for it
    UnknownTopicOrPartitionError,
)
"""How the broker refuses a record on its topic; other errors spread to all of a transaction."""


class Unsent(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """The broker did not take all records. `topics` are those at fault, as far as that is known."""

    def __init__(self, why: BaseException, topics: frozenset[str]) -> None:
        super().__init__(f"{type(why).__name__} ({', '.join(sorted(topics)) or 'no single topic is at fault'})")
        self.topics = topics


async def deliver(producer: AIOKafkaProducer, records: Sequence[OutgoingRecord], patience_s: float) -> Sequence[Sent]:
    """Send all records and wait until the broker has them, for as long as it takes some in each `patience_s`.

    Records of one partition keep their order. See `places` for where they are.

    Raises:
        Unsent: the broker refused a record, or took none for so long. Some may have got through.
        ProducerFenced, IllegalOperation: the transaction is over: another producer has its id.
    """
    shipment = Shipment(producer)
    try:
        await hand_over_all(shipment, records, patience_s)
        await acknowledged(shipment.sent, patience_s)
    except (KafkaError, TimeoutError) as why:
        raise await failure(shipment, why) from why
    return shipment.sent


def places(sent: Iterable[Sent]) -> list[Any]:
    """Each record's partition and offset, as the broker says it, in the order of the records."""
    found = {
        number: batch.future.result()._replace(offset=batch.future.result().offset + index)
        for batch in sent
        for index, number in enumerate(batch.numbers)
    }
    return [found[number] for number in sorted(found)]


async def hand_over_all(shipment: Shipment, records: Sequence[OutgoingRecord], patience_s: float) -> None:
    """Give all records to the producer; `sent` has those before a failure, which may say why it failed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience_s) as limit:
            for number, record in enumerate(records):
                if number % RECORDS_PER_LOOK == 0:
                    limit.reschedule(loop.time() + patience_s)
                await shipment.add(number, record)
            for place in shipment.unsent():
                limit.reschedule(loop.time() + patience_s)
                await shipment.send(place)
        shipment.at_hand = None
    except AssertionError as why:  # the transaction failed while a batch waited for its turn
        raise IllegalOperation("the transaction is over") from why


async def acknowledged(sent: Sequence[Sent], patience_s: float) -> None:
    """Wait for all. Raises the first error, or TimeoutError if none arrives for so long."""
    pending = {item.future for item in sent}
    while pending:
        done, still = await asyncio.wait(pending, timeout=patience_s, return_when=asyncio.FIRST_EXCEPTION)
        for future in done:
            future.result()
        if not done:
            raise TimeoutError
        pending = still


async def failure(shipment: Shipment, why: Exception) -> Exception:
    """What to raise: that the producer is fenced, or who is at fault. Every error is looked at."""
    producer, sent = shipment.producer, shipment.sent
    pending = [item.future for item in sent if not item.future.done()]
    if pending and not isinstance(why, TimeoutError):
        await asyncio.wait(pending, timeout=SETTLE_S)
    for item in sent:
        item.future.add_done_callback(looked_at)
    of_transaction = transaction_error(producer)
    errors = [found for found in (of_transaction, why, *map(error_of, sent)) if found is not None]
    if any(isinstance(found, ProducerFenced) for found in errors):
        fenced: Exception = ProducerFenced()
        return fenced
    real = next((found for found in errors if not isinstance(found, IllegalOperation)), None)
    if real is None:
        return why
    known = at_fault(sent) | named_by(of_transaction)
    if shipment.at_hand is not None and isinstance(why, TOPICS_FAULT):
        known.add(shipment.at_hand)
    gone = await without_partitions(producer, shipment.tried())
    return Unsent(real, frozenset(known | gone or undelivered(sent)))


def at_fault(sent: Sequence[Sent]) -> set[str]:
    """Topics whose records the broker will not take."""
    return {item.topic for item in sent if isinstance(error_of(item), TOPICS_FAULT)}


def named_by(error: BaseException | None) -> set[str]:
    """Topics that a transaction may not write to."""
    return set(error.args[0]) if isinstance(error, TopicAuthorizationFailedError) and error.args else set()


def undelivered(sent: Sequence[Sent]) -> set[str]:
    """Topics that are silent while others answer; none if all are, or one has failed for another reason."""
    if not any(item.future.done() for item in sent) or any(error_of(item) for item in sent):
        return set()
    return {item.topic for item in sent if not item.future.done()}


async def without_partitions(producer: AIOKafkaProducer, topics: Iterable[str]) -> set[str]:
    """Topics that the cluster does not have, or does not show to us, any more."""
    with suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(METADATA_TIMEOUT_S):
            await producer.client.force_metadata_update()
    return {topic for topic in topics if not producer.client.cluster.partitions_for_topic(topic)}


def transaction_error(producer: AIOKafkaProducer) -> BaseException | None:
    """Why the transaction can only be aborted, if it is so: records that it did not take do not say it."""
    manager = producer._txn_manager  # noqa: SLF001  # without a commit, nothing public shows it
    waiter = None if manager is None else manager.wait_for_transaction_end()
    return waiter.exception() if waiter is not None and waiter.done() else None


def error_of(item: Sent) -> BaseException | None:
    """Why a record failed, if it did."""
    return item.future.exception() if item.future.done() and not item.future.cancelled() else None


def looked_at(future: asyncio.Future[Any]) -> None:
    """Nobody else awaits it: an error that nobody looks at is a warning of the event loop."""
    if future.done() and not future.cancelled():
        future.exception()
