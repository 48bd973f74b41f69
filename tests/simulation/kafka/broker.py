"""What a broker answers: each request that aiokafka sends, by its class.

In:       requests as aiokafka makes them, which are not encoded; the broker that is asked.
Out:      answers with the fields that aiokafka reads.
Promise:  a request that is not known here raises `NotSimulated`, and names itself. A broker answers for what it leads
          or coordinates; for the rest it answers as Kafka does.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace as Answer
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.protocol.api import Request
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.offset import OffsetRequest

from tests.simulation.kafka import broker_groups, broker_producers, layout
from tests.simulation.kafka.cluster import Cluster, Kind
from tests.simulation.kafka.codes import chance_error, check_leader, code_of

NO_OFFSET: Final = -1
LATEST: Final = -1
EARLIEST: Final = -2


async def answer(cluster: Cluster, broker: int, request: Request[Any]) -> Any:
    """The broker's answer."""
    kind = type(request)
    if kind in layout.ANSWERS:
        return layout.ANSWERS[kind](cluster, request)
    if kind not in ANSWERS:
        raise layout.NotSimulated(kind.__name__)
    code = chance_error(cluster, kind.__name__)
    return await ANSWERS[kind](cluster, broker, request, code)


async def find_coordinator(cluster: Cluster, _broker: int, request: FindCoordinatorRequest, code: int) -> Any:
    kind: Kind = "transaction" if request._coordinator_type == CoordinationType.TRANSACTION else "group"
    return Answer(error_code=code, coordinator_id=cluster.coordinator(kind, request._coordinator_key))


async def list_offsets(cluster: Cluster, broker: int, request: OffsetRequest, code: int) -> Any:
    def found(place: TopicPartition, timestamp: int) -> tuple[int, int, int, int]:
        error = code_of(lambda: check_leader(cluster, broker, place), code)
        at_ms, offset = (-1, NO_OFFSET) if error else listed(cluster, place, timestamp, request._isolation_level)
        return place.partition, error, at_ms, offset

    return Answer(
        API_VERSION=3,
        topics=[
            (topic, [found(TopicPartition(topic, number), timestamp) for number, timestamp in parts])
            for topic, parts in request._topics
        ],
    )


def listed(cluster: Cluster, place: TopicPartition, timestamp: int, isolation: int) -> tuple[int, int]:
    """Timestamp and offset."""
    log = cluster.partition(place).log
    end = log.last_stable if isolation else log.end
    if timestamp == EARLIEST:
        return -1, 0
    return (-1, end) if timestamp == LATEST else log.since(timestamp, end) or (-1, NO_OFFSET)


ANSWERS: Final[dict[type[Any], Callable[..., Awaitable[Any]]]] = {
    **broker_groups.ANSWERS,
    **broker_producers.ANSWERS,
    FindCoordinatorRequest: find_coordinator,
    OffsetRequest: list_offsets,
}
