"""What a broker answers: each request that aiokafka sends, by its class.

In:       requests as aiokafka makes them, which are not encoded; the broker that is asked.
Out:      answers with the fields that aiokafka reads.
Promise:  a request that is not known here raises `NotSimulated`, and names itself. A broker answers for what it leads
          or coordinates; for the rest it answers as Kafka does.
"""

from collections.abc import Awaitable, Callable, Iterable
from types import SimpleNamespace as Answer
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    InvalidProducerEpoch,
    KafkaError,
    NotCoordinatorForGroupError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
    for_code,
)
from aiokafka.protocol.api import Request
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from tests.simulation.kafka.cluster import Cluster, Kind
from tests.simulation.kafka.layout import ANSWERS as LAYOUT_ANSWERS
from tests.simulation.kafka.layout import NotSimulated
from tests.simulation.kafka.log import NO_PRODUCER, Draft, check
from tests.simulation.kafka.membership import Joined, Joining, MemberIdGiven

NO_OFFSET: Final = -1
LATEST: Final = -1
EARLIEST: Final = -2
WRITTEN_ANYWAY: Final = (RequestTimedOutError.errno, NotEnoughReplicasAfterAppendError.errno)
"""The batch is in the log when a producer is given one of these; it is sent again."""


async def answer(cluster: Cluster, broker: int, request: Request[Any]) -> Any:
    """The broker's answer."""
    kind = type(request)
    if kind in LAYOUT_ANSWERS:
        return LAYOUT_ANSWERS[kind](cluster, request)
    if kind not in ANSWERS:
        raise NotSimulated(kind.__name__)
    code = chance_error(cluster, kind.__name__)
    return await ANSWERS[kind](cluster, broker, request, code)


def heartbeat_answer(cluster: Cluster, broker: int, request: HeartbeatRequest) -> Any:
    """The same at once, for what is asked most."""

    def beat() -> None:
        check(cluster.coordinator("group", request._group) == broker, NotCoordinatorForGroupError)
        if cluster.is_loading("group", request._group):
            return  # as a broker: it does not know better yet
        cluster.groups.get(request._group).members.heartbeat(request._member_id, request._generation_id)

    return Answer(error_code=code_of(beat))


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


def check_coordinator(cluster: Cluster, broker: int, kind: Kind, key: str) -> None:
    """Raises NotCoordinatorForGroupError, CoordinatorLoadInProgressError."""
    check(cluster.coordinator(kind, key) == broker, NotCoordinatorForGroupError)
    check(not cluster.is_loading(kind, key), CoordinatorLoadInProgressError)


def check_leader(cluster: Cluster, broker: int, place: TopicPartition) -> None:
    """Raises NotLeaderForPartitionError, UnknownTopicOrPartitionError."""
    check(cluster.leader(place) == broker, NotLeaderForPartitionError)


async def find_coordinator(cluster: Cluster, _broker: int, request: FindCoordinatorRequest, code: int) -> Any:
    kind: Kind = "transaction" if request._coordinator_type == CoordinationType.TRANSACTION else "group"
    return Answer(error_code=code, coordinator_id=cluster.coordinator(kind, request._coordinator_key))


async def heartbeat(cluster: Cluster, broker: int, request: HeartbeatRequest, code: int) -> Any:
    return Answer(error_code=code) if code else heartbeat_answer(cluster, broker, request)


async def join(cluster: Cluster, broker: int, request: JoinGroupRequest, code: int) -> Any:
    joining = Joining(
        request._member_id,
        request._group_instance_id,
        request._session_timeout / 1000,
        request._rebalance_timeout / 1000,
        tuple(request._group_protocols),
    )
    try:
        check_code(code)
        check_coordinator(cluster, broker, "group", request._group)
        return joined(await cluster.groups.join(request._group, joining))
    except KafkaError as why:
        member_id = why.member_id if isinstance(why, MemberIdGiven) else joining.member_id
        return joined(Joined(-1, "", "", member_id, ()), int(why.errno))


def joined(place: Joined, code: int = 0) -> Any:
    """As aiokafka reads it."""
    return Answer(
        API_VERSION=5,
        error_code=code,
        generation_id=place.generation,
        group_protocol=place.protocol,
        leader_id=place.leader,
        member_id=place.member_id,
        members=place.members,
    )


async def sync(cluster: Cluster, broker: int, request: SyncGroupRequest, code: int) -> Any:
    name, member_id, generation = request._group, request._member_id, request._generation_id
    try:
        check_code(code)
        check_coordinator(cluster, broker, "group", name)
        assignment = await cluster.groups.sync(name, member_id, generation, dict(request._group_assignment))
    except KafkaError as why:
        return Answer(error_code=int(why.errno), member_assignment=b"")
    return Answer(error_code=0, member_assignment=assignment)


async def leave(cluster: Cluster, broker: int, request: LeaveGroupRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "group", request._group)
        cluster.groups.get(request._group).members.leave(request._member_id)

    return Answer(error_code=code_of(work, code))


async def commit_offsets(cluster: Cluster, broker: int, request: OffsetCommitRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "group", request._consumer_group)
        group = cluster.groups.get(request._consumer_group)
        group.commit(request._consumer_id, request._consumer_group_generation_id, offsets_in(request._topics))

    found = code_of(work, code)
    return Answer(topics=[(topic, [(number, found) for number, *_ in parts]) for topic, parts in request._topics])


async def fetch_offsets(cluster: Cluster, broker: int, request: OffsetFetchRequest, code: int) -> Any:
    """A broker that does not know the group answers for no partition at all, with an error beside."""
    name = request._consumer_group
    found = code_of(lambda: check_coordinator(cluster, broker, "group", name), code)
    if found:
        return Answer(error_code=found, topics=())
    offsets = cluster.groups.get(name).offsets
    wanted = request._partitions
    if wanted is None:
        wanted = [(place.topic, [place.partition]) for place in sorted(offsets)]
    return Answer(
        error_code=0,
        topics=[
            (
                topic,
                [
                    (number, offsets.get(TopicPartition(topic, number), NO_OFFSET), "", 0)
                    for number in sorted(numbers)
                ],
            )
            for topic, numbers in wanted
        ],
    )


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
    check(cluster.is_available(cluster.coordinator("transaction", transactional_id)), NotEnoughReplicasError)
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


def offsets_in(topics: Iterable[tuple[str, Iterable[tuple[int, int, str]]]]) -> dict[TopicPartition, int]:
    """Offsets of a request."""
    return {TopicPartition(topic, number): offset for topic, parts in topics for number, offset, *_ in parts}


def check_code(code: int) -> None:
    """Raises the error of the code, if there is one."""
    if code:
        raise for_code(code)


ANSWERS: Final[dict[type[Any], Callable[..., Awaitable[Any]]]] = {
    AddOffsetsToTxnRequest: add_group,
    AddPartitionsToTxnRequest: add_partitions,
    EndTxnRequest: end_transaction,
    FindCoordinatorRequest: find_coordinator,
    HeartbeatRequest: heartbeat,
    InitProducerIdRequest: init_producer_id,
    JoinGroupRequest: join,
    LeaveGroupRequest: leave,
    OffsetCommitRequest: commit_offsets,
    OffsetFetchRequest: fetch_offsets,
    OffsetRequest: list_offsets,
    ProduceRequest: produce,
    SyncGroupRequest: sync,
    TxnOffsetCommitRequest: commit_in_transaction,
}
