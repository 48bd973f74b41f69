"""What claims about faults of the simulated Kafka have in common.

Out: `lose`, which loses calls; `values`, `transact`.
"""

from aiokafka import AIOKafkaProducer

from tests.contract.clients.kafka_bench import Bench
from tests.simulation.kafka import reading
from tests.simulation.kernel.network import Loss


def values(kafka: Bench, topic: str) -> list[bytes | None]:
    """All committed records of a topic."""
    return [record.value for record in reading.logged(kafka.simulated, "", [topic])]


def lose(kafka: Bench, operation: str, *losses: Loss) -> None:
    """Lose these of the next calls."""
    left = iter(losses)

    def disturb(_server: str, called: str) -> Loss | None:
        return next(left, None) if called == operation else None

    kafka.simulated.network.disturb = disturb


async def transact(producer: AIOKafkaProducer, topic: str, value: bytes, partition: int = 0) -> None:
    """One record in a transaction."""
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value, partition=partition)
    await producer.commit_transaction()
