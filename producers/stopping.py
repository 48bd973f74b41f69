"""How a producer ends: in time, and without a task that goes on.

In:       a producer that is started, or that failed to start.
Out:      `stopped`: nothing of it is left, whatever Kafka does.
Promise:  it waits for records only as long as `FLUSH_TIMEOUT_S`, and for no broker if the stop itself is cancelled.
"""

import asyncio
from typing import Final, NoReturn

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from producers.sending import looked_at

FLUSH_TIMEOUT_S: Final = 2.0
"""For records that are still on their way when a producer is stopped."""


async def stopped(producer: AIOKafkaProducer) -> None:
    """Stop it. It waits for every record that it took: those that no broker takes are given up after a while."""
    stopping = asyncio.create_task(producer.stop())
    is_whole = False
    try:
        _, late = await asyncio.wait({stopping}, timeout=FLUSH_TIMEOUT_S)
        if late:
            give_up_pending(producer)
        await stopping
        is_whole = True
    finally:
        if not is_whole:
            await cut_short(producer, stopping)


async def cut_short(producer: AIOKafkaProducer, stopping: asyncio.Task[None]) -> None:
    """The stop failed or is cancelled: what it would have ended is ended here, without waiting for a broker."""
    give_up_pending(producer)
    producer.client.coordinator_lookup = given_up  # a transaction's requests look for its coordinator without end
    producer.client.force_metadata_update = not_updated  # a closed client fetches none
    stopping.cancel()
    await asyncio.wait({stopping})
    sender_task = producer._sender.sender_task  # noqa: SLF001  # `stop` would have cancelled it
    if sender_task is not None:
        sender_task.add_done_callback(looked_at)
        sender_task.cancel()
    await producer.client.close()
    asked = producer.client._md_update_fut  # noqa: SLF001  # an update that was asked for before
    if asked is not None and not asked.done():
        asked.set_result(False)


def not_updated() -> "asyncio.Future[bool]":
    """In place of an update of the metadata: there is none."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    answer.set_result(False)
    return answer


async def given_up(_kind: object, _key: str) -> NoReturn:
    """In place of a look-up: the task that asks ends."""
    raise asyncio.CancelledError


def give_up_pending(producer: AIOKafkaProducer) -> None:
    """Let every record that is still on its way fail; nothing public does that."""
    accumulator = producer._message_accumulator  # noqa: SLF001
    drained = [batch._drain_waiter for batches in accumulator._batches.values() for batch in batches]  # noqa: SLF001
    accumulator.fail_all(ProducerClosed())
    accumulator.reenqueue = left_failed
    for waiter in drained:
        looked_at(waiter)  # nobody waits for these, and the event loop would warn of it


def left_failed(_batch: object) -> None:
    """In place of putting a batch back to be sent again: a request that fails now carries batches that were given up.

    The client would raise KeyError for them, its connections would stay open, and the partition's task would die.
    """
