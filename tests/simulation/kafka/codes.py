"""What all answers of a broker have in common: who may answer, and errors by their codes.

Out: `chance_error`, `code_of`, `check_coordinator`, `check_leader`, `check_code`, `offsets_in`.
"""

from collections.abc import Callable, Iterable

from aiokafka import TopicPartition
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    NotLeaderForPartitionError,
    for_code,
)

from tests.simulation.kafka.cluster import Cluster, Kind
from tests.simulation.kafka.log import check


def chance_error(cluster: Cluster, operation: str) -> int:
    """A code by which this request fails, if chance will have it; else 0."""
    probability, codes = cluster.errors.get(operation, (0.0, ()))
    return cluster.random.choice(codes) if codes and cluster.random.random() < probability else 0


def code_of(work: Callable[[], object], code: int = 0) -> int:
    """The code of the error that `work` raises, or 0; with `code`, it is not done and fails with that."""
    if code:
        return code
    try:
        work()
    except KafkaError as why:
        return int(why.errno)
    return 0


def check_code(code: int) -> None:
    """Raises the error of the code, if there is one."""
    if code:
        raise for_code(code)


def check_coordinator(cluster: Cluster, broker: int, kind: Kind, key: str) -> None:
    """Raises NotCoordinatorForGroupError, CoordinatorLoadInProgressError."""
    check(cluster.coordinator(kind, key) == broker, NotCoordinatorForGroupError)
    check(not cluster.is_loading(kind, key), CoordinatorLoadInProgressError)


def check_leader(cluster: Cluster, broker: int, place: TopicPartition) -> None:
    """Raises NotLeaderForPartitionError, UnknownTopicOrPartitionError."""
    check(cluster.leader(place) == broker, NotLeaderForPartitionError)


def offsets_in(topics: Iterable[tuple[str, Iterable[tuple[int, int, str]]]]) -> dict[TopicPartition, int]:
    """Offsets of a request."""
    return {TopicPartition(topic, number): offset for topic, parts in topics for number, offset, *_ in parts}
