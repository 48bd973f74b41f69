"""Faults of Kafka: brokers, leaders, coordinators, groups, clocks, lost and refused requests."""

from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.errors import (
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorForGroupError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
)

from schemas.groups import IMPORTER_GROUP, WORKER_GROUP
from schemas.topics import REQUEST_TOPICS
from tests.simulation.faults import Fault
from tests.simulation.reach import Kinds, Reach, named
from tests.simulation.settings import GROUP_PREFIX, PREFIX

PARTITIONS_MAX: Final = 4
KAFKA_ERRORS: Final[Sequence[tuple[str, type[KafkaError]]]] = (
    ("ProduceRequest", NotLeaderForPartitionError),
    ("ProduceRequest", RequestTimedOutError),
    ("FetchRequest", NotLeaderForPartitionError),
    ("TxnOffsetCommitRequest", CoordinatorNotAvailableError),
    ("EndTxnRequest", NotCoordinatorForGroupError),
    ("OffsetFetchRequest", NotCoordinatorForGroupError),
)


def broker_down(reach: Reach, fault: Fault) -> Callable[[], None]:
    """A broker is killed, and started again."""
    broker = reach.broker(fault)
    reach.parts.kafka.crash_broker(broker)
    return lambda: reach.parts.kafka.start_broker(broker)


def broker_frozen(reach: Reach, fault: Fault) -> Callable[[], None]:
    """A broker does not answer for a while."""
    broker = reach.broker(fault)
    reach.parts.kafka.freeze_broker(broker)
    return lambda: reach.parts.kafka.thaw_broker(broker)


def leaders_moved(reach: Reach, fault: Fault) -> None:
    """Other brokers lead a third of the partitions; the only broker leaves them without a leader for a while."""
    kafka = reach.parts.kafka
    for place in reach.places(fault):
        if len(kafka.servers) > 1:
            kafka.move_leader(place)
        else:
            kafka.leave_leaderless(place, min(fault.seconds, 3.0))


def coordinator_moved(reach: Reach, fault: Fault) -> None:
    """Another broker coordinates a group, or a third of the transactional ids."""
    kafka = reach.parts.kafka
    if fault.number % 2:
        kafka.move_coordinator("group", group_of(fault))
        return
    for number, name in enumerate(sorted(kafka.transactions.by_id)):
        if number % 3 == fault.target % 3:
            kafka.move_coordinator("transaction", name)


def too_few_replicas(reach: Reach, fault: Fault) -> None:
    """Writes to a third of the partitions are refused for a while."""
    reach.parts.kafka.lack_replicas(reach.places(fault), fault.seconds)


def late_markers(reach: Reach, fault: Fault) -> None:
    """Transactions end late on their partitions."""
    reach.parts.kafka.delay_markers((fault.number % 30) / 10, fault.seconds)


def rebalance(reach: Reach, fault: Fault) -> None:
    """A group rebalances for no reason."""
    reach.parts.kafka.force_rebalance(group_of(fault))


def partitions_added(reach: Reach, fault: Fault) -> None:
    """A request topic has one partition more."""
    topic = REQUEST_TOPICS[fault.target % len(REQUEST_TOPICS)].name
    if reach.parts.partitions(topic) < PARTITIONS_MAX:
        reach.parts.kafka.add_partitions(PREFIX + topic, reach.parts.partitions(topic) + 1)


def broker_clock(reach: Reach, fault: Fault) -> None:
    """A broker's clock is set, within the margin that the expirer allows for."""
    broker = reach.broker(fault)
    server = reach.parts.kafka.servers[broker]
    wanted_s = (fault.number / 50_000 - 1) * 0.1
    reach.parts.kafka.step_clock(broker, wanted_s - server.clock_offset_s)


def kafka_requests_lost(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Some requests do not reach a broker."""
    return reach.lose("kafka", "request", fault)


def kafka_answers_lost(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Some answers of brokers are lost."""
    return reach.lose("kafka", "answer", fault)


def kafka_errors(reach: Reach, fault: Fault) -> None:
    """Requests of one kind fail for a while, some of them."""
    operation, error = KAFKA_ERRORS[fault.target % len(KAFKA_ERRORS)]
    reach.parts.kafka.fail_requests(operation, [error], 0.5, fault.seconds)


def group_of(fault: Fault) -> str:
    """The workers' group mostly."""
    return GROUP_PREFIX + (IMPORTER_GROUP if fault.target % 4 == 0 else WORKER_GROUP)


KINDS: Final[Kinds] = named(
    broker_down,
    broker_frozen,
    leaders_moved,
    coordinator_moved,
    too_few_replicas,
    late_markers,
    rebalance,
    partitions_added,
    broker_clock,
    kafka_requests_lost,
    kafka_answers_lost,
    kafka_errors,
)
