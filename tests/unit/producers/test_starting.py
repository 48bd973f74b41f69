"""A producer's life: started, and stopped whatever happens."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from producers.emitters import running
from tests.fakes.time import run


class Producer:
    """As much of aiokafka's producer as has a life."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.log: list[str] = []

    async def start(self) -> None:
        """Succeed or fail."""
        self.log.append("started")
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        """The end of its tasks."""
        self.log.append("stopped")


class Stuck(Producer):
    """A producer whose batch is on its way when it is stopped, and is to be sent again after it was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.client = self._message_accumulator = self
        self._batches: dict[str, list[object]] = {}
        self._given_up = asyncio.Event()

    def fail_all(self, _why: Exception) -> None:
        """Every batch fails."""
        self.log.append("given up")
        self._given_up.set()

    async def stop(self) -> None:
        """Wait for the batch, whose sender then ends by an error."""
        await self._given_up.wait()
        raise KeyError

    async def close(self) -> None:
        """Close the connections."""
        self.log.append("closed")


async def life(producer: Producer) -> None:
    """From start to stop."""
    async with running(producer):
        producer.log.append("used")


def test_it_is_stopped_after_use() -> None:
    """The usual life."""
    producer = Producer()

    run(life(producer))

    assert ["started", "used", "stopped"] == producer.log


def test_a_batch_that_comes_back_after_it_was_given_up_does_not_end_the_process() -> None:
    """Aiokafka's sender fails, its connections stay open, and the error would end the role."""
    producer = Stuck()

    run(life(producer))

    assert ["started", "used", "given up", "closed"] == producer.log


@pytest.mark.parametrize(
    "error", [AssertionError("Did we not perform bootstrap?"), KafkaConnectionError("unavailable")]
)
def test_a_cluster_that_names_no_broker_is_unavailable(error: Exception) -> None:
    """A broker that was frozen says so for a moment, and the client takes it for a fault of its own.

    It is retried like any other outage; it must not end the process.
    """
    producer = Producer(error)

    with pytest.raises(KafkaConnectionError):
        run(life(producer))
    assert ["started", "stopped"] == producer.log
