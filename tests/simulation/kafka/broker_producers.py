"""What a broker answers to producers.

In:       requests as aiokafka makes them; the broker that is asked.
Out:      `ANSWERS`, by the class of the request.
Promise:  a partition takes the first record of a transaction only if its coordinator knows of it.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace as Answer
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    RequestTimedOutError,
)
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from tests.simulation.kafka.cluster import Cluster
from tests.simulation.kafka.codes import check_coordinator, check_leader, code_of, offsets_in
from tests.simulation.kafka.log import NO_PRODUCER, Draft, check

NO_OFFSET: Final = -1
WRITTEN_ANYWAY: Final = (RequestTimedOutError.errno, NotEnoughReplicasAfterAppendError.errno)
"""The batch is in the log when a producer is given one of these; it is sent again."""


async def produce(cluster: Cluster, broker: int, request: ProduceRequest, code: int) -> Any:
    def written(place: TopicPartition, draft: Draft) -> tuple[Any, ...]:
        base, stamp = NO_OFFSET, -1

        def work() -> None:
            nonlocal base, stamp
            check_leader(cluster, broker, place)
            verify(cluster, request._transactional_id, draft, place)
            appended = cluster.append(place, draft)
            base, stamp = appended.base, -1 if appended.timestamp_ms is None else appended.timestamp_ms

        error = code_of(work, 0 if code in WRITTEN_ANYWAY else code) or code
        return place.partition, error, base, stamp, 0, [], None

    return Answer(
        API_VERSION=8,
        topics=[
            (topic, [written(TopicPartition(topic, number), draft) for number, draft in parts])
            for topic, parts in request._topics
        ],
    )


def verify(cluster: Cluster, transactional_id: str | None, draft: Draft, place: TopicPartition) -> None:
    """Let only an open transaction write its first record."""
    if transactional_id is None or cluster.partition(place).log.has_open(draft.producer_id, draft.epoch):
        return
    check(cluster.works("transaction", transactional_id), NotEnoughReplicasError)
    cluster.transactions.verify(transactional_id, draft.producer_id, draft.epoch, place)


async def init_producer_id(cluster: Cluster, broker: int, request: InitProducerIdRequest, code: int) -> Any:
    transactional_id, found = request._transactional_id, (NO_PRODUCER, -1)

    def work() -> None:
        nonlocal found
        if transactional_id is not None:
            check_coordinator(cluster, broker, "transaction", transactional_id)
        timeout_s = request._transaction_timeout_ms / 1000
        found = cluster.transactions.init_producer_id(transactional_id, timeout_s)

    error = code_of(work, code)
    return Answer(error_code=error, producer_id=found[0], producer_epoch=found[1])


async def add_partitions(cluster: Cluster, broker: int, request: AddPartitionsToTxnRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "transaction", request._transactional_id)
        places = [TopicPartition(topic, number) for topic, numbers in request._topics for number in numbers]
        for place in places:
            cluster.partition(place)
        cluster.transactions.add_partitions(*identity(request), places)

    error = code_of(work, code)
    return Answer(errors=[(topic, [(number, error) for number in numbers]) for topic, numbers in request._topics])


async def add_group(cluster: Cluster, broker: int, request: AddOffsetsToTxnRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "transaction", request._transactional_id)
        cluster.transactions.add_group(*identity(request), request._group_id)

    return Answer(error_code=code_of(work, code))


async def commit_in_transaction(cluster: Cluster, broker: int, request: TxnOffsetCommitRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "group", request._group_id)
        group, (_, producer_id, _) = cluster.groups.get(request._group_id), identity(request)
        if producer_id not in group.pending:
            cluster.transactions.verify(*identity(request), request._group_id)
        check(
            cluster.transactions.by_id[request._transactional_id].epoch == request._producer_epoch,
            InvalidProducerEpoch,
        )
        group.commit_in_transaction(producer_id, offsets_in(request._topics))

    error = code_of(work, code)
    return Answer(errors=[(topic, [(number, error) for number, *_ in parts]) for topic, parts in request._topics])


async def end_transaction(cluster: Cluster, broker: int, request: EndTxnRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "transaction", request._transactional_id)
        cluster.transactions.end(*identity(request), is_commit=bool(request._transaction_result))

    return Answer(error_code=code_of(work, code))


def identity(request: Any) -> tuple[str, int, int]:
    """Who a transactional producer says that it is."""
    return request._transactional_id, request._producer_id, request._producer_epoch


ANSWERS: Final[dict[type[Any], Callable[..., Awaitable[Any]]]] = {
    AddOffsetsToTxnRequest: add_group,
    AddPartitionsToTxnRequest: add_partitions,
    EndTxnRequest: end_transaction,
    InitProducerIdRequest: init_producer_id,
    ProduceRequest: produce,
    TxnOffsetCommitRequest: commit_in_transaction,
}
