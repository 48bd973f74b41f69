"""Records that no broker takes, when their producer is stopped."""

import asyncio

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerClosed

from producers.stopping import give_up_pending
from tests.fakes.time import run

PLACE = TopicPartition("t", 0)


async def given_up() -> tuple[BaseException | None, int]:
    """A record that a request carries when it is given up, and the request fails: its error, what is sent again."""
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    accumulator = producer._message_accumulator
    sent = await accumulator.add_message(PLACE, b"k", b"v", 1.0)
    batch = accumulator._pop_batch(PLACE)
    give_up_pending(producer)
    await asyncio.sleep(0)  # the batch leaves the client's list of those on their way
    accumulator.reenqueue(batch)
    await producer.stop()
    return sent.exception(), sum(map(len, accumulator._batches.values()))


def test_a_request_that_fails_after_its_records_were_given_up_raises_nothing() -> None:
    """The client would put them back, and raise KeyError: the partition's task would die, and its process."""
    error, sent_again = run(given_up())

    assert (ProducerClosed, 0) == (type(error), sent_again)
