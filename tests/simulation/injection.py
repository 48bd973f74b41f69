"""Lets a plan's faults happen at their instants.

In:       faults as data; the fleet and the servers.
Out:      `Injection.run`, which ends when the last fault is over.
Promise:  every fault ends by itself, or is undone after its seconds.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition
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
from tests.simulation.fleet import Fleet, Member
from tests.simulation.kernel.network import Loss
from tests.simulation.kernel.world import World
from tests.simulation.parts import Parts
from tests.simulation.settings import GROUP_PREFIX, PREFIX, SESSION_MS

STEPS_MAX: Final = 4_000
"""The latest step at which a process is killed."""
PARTITIONS_MAX: Final = 4
LOSSES_MAX: Final = 0.3
"""How likely a call is lost, at most."""
CODES: Final = (
    6,
    7,
    11_600,
    11_602,
    91,
    189,
    10_107,
    13_435,
    262,
    50,
    112,
    251,
    9_001,
    20,
    133,
    134,
    202,
    290,
    365,
    8_000,
    99_999,
)
"""Server errors that no request is at fault for; the last is one that nobody knows."""
ERRORS_MAX: Final = 24
"""In a row: more than the tries after which a refusal is believed."""
OPERATIONS: Final = (None, "find", "insert", "update", "commitTransaction", "abortTransaction", "killSessions")
KAFKA_ERRORS: Final[Sequence[tuple[str, type[KafkaError]]]] = (
    ("ProduceRequest", NotLeaderForPartitionError),
    ("ProduceRequest", RequestTimedOutError),
    ("FetchRequest", NotLeaderForPartitionError),
    ("TxnOffsetCommitRequest", CoordinatorNotAvailableError),
    ("EndTxnRequest", NotCoordinatorForGroupError),
    ("OffsetFetchRequest", NotCoordinatorForGroupError),
)
S3_ERRORS: Final = (("InternalError", 500), ("SlowDown", 503), ("ExpiredToken", 400), ("RequestTimeout", 400))


@dataclass(eq=False, slots=True)
class Injection:
    """Lives as long as its history."""

    world: World
    parts: Parts
    fleet: Fleet
    is_over: bool = False
    last_fault_s: float = 0.0
    """When the last fault ended."""
    _lost: dict[str, tuple[float, Loss]] = field(default_factory=dict)
    """By the beginning of a server's name: how likely a call is lost, and which way of it."""

    async def run(self, faults: Sequence[Fault]) -> None:
        """All faults."""
        self.world.network.disturb = self._disturb
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                tasks.create_task(self._one(fault))
        self.is_over = True

    async def _one(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        undo = FAULTS[fault.kind](self, fault)
        await asyncio.sleep(fault.seconds)
        if undo is not None:
            undo()
        self.last_fault_s = max(self.last_fault_s, self.world.loop.time())

    def _disturb(self, server: str, _operation: str) -> Loss | None:
        for begins, (probability, loss) in self._lost.items():
            if server.startswith(begins) and self.world.network.random.random() < probability:
                return loss
        return None

    def member(self, fault: Fault) -> Member:
        """The process that a fault is meant for."""
        return self.fleet.members[fault.target % len(self.fleet.members)]

    def broker(self, fault: Fault) -> int:
        """The broker that a fault is meant for."""
        return sorted(self.parts.kafka.servers)[fault.target % len(self.parts.kafka.servers)]

    def places(self, fault: Fault) -> list[TopicPartition]:
        """A third of all partitions."""
        places = [
            TopicPartition(name, number)
            for name, topic in sorted(self.parts.kafka.topics.items())
            for number in range(len(topic.partitions))
        ]
        return [place for number, place in enumerate(places) if number % 3 == fault.target % 3]

    def lose(self, server: str, loss: Loss, fault: Fault) -> Callable[[], None]:
        """Lose calls for a while."""
        self._lost[server] = (LOSSES_MAX * (fault.number % 100) / 100, loss)
        return lambda: self._lost.pop(server, None) and None


def kill(injection: Injection, fault: Fault) -> None:
    """SIGKILL."""
    injection.world.kill(injection.member(fault).process)


def kill_at_step(injection: Injection, fault: Fault) -> None:
    """SIGKILL at any await."""
    injection.member(fault).process.steps_to_live = fault.number % STEPS_MAX


def freeze(injection: Injection, fault: Fault) -> Callable[[], None]:
    """SIGSTOP, and SIGCONT."""
    process = injection.member(fault).process
    process.freeze()
    return lambda: injection.world.thaw(process)


def freeze_long(injection: Injection, fault: Fault) -> None:
    """SIGSTOP for longer than the session."""
    process = injection.member(fault).process
    process.freeze()
    injection.world.loop.call_later(SESSION_MS / 1000 + fault.seconds, injection.world.thaw, process)


def terminate(injection: Injection, fault: Fault) -> None:
    """SIGTERM; the process is started again when it has ended."""
    injection.member(fault).stopping.set()


def start_one_more(injection: Injection, fault: Fault) -> None:
    """One more process of a role."""
    injection.fleet.start_one(("worker", "importer", "expirer")[fault.target % 3])


def step_clock(injection: Injection, fault: Fault) -> None:
    """A process's wall clock is set, within the margin that the expirer allows for."""
    member = injection.member(fault)
    limit_s = 0.1 if member.role == "expirer" else 30.0
    member.process.wall_offset_s = member.offset_s = (fault.number / 50_000 - 1) * limit_s


def broker_down(injection: Injection, fault: Fault) -> Callable[[], None]:
    """A broker is killed, and started again."""
    broker = injection.broker(fault)
    injection.parts.kafka.crash_broker(broker)
    return lambda: injection.parts.kafka.start_broker(broker)


def broker_frozen(injection: Injection, fault: Fault) -> Callable[[], None]:
    """A broker does not answer for a while."""
    broker = injection.broker(fault)
    injection.parts.kafka.freeze_broker(broker)
    return lambda: injection.parts.kafka.thaw_broker(broker)


def leaders_moved(injection: Injection, fault: Fault) -> None:
    """Other brokers lead a third of the partitions; the only broker leaves them without a leader for a while."""
    kafka = injection.parts.kafka
    for place in injection.places(fault):
        if len(kafka.servers) > 1:
            kafka.move_leader(place)
        else:
            kafka.leave_leaderless(place, min(fault.seconds, 3.0))


def coordinator_moved(injection: Injection, fault: Fault) -> None:
    """Another broker coordinates a group, or a third of the transactional ids."""
    kafka = injection.parts.kafka
    if fault.number % 2:
        kafka.move_coordinator("group", group_of(fault))
        return
    for number, name in enumerate(sorted(kafka.transactions.by_id)):
        if number % 3 == fault.target % 3:
            kafka.move_coordinator("transaction", name)


def too_few_replicas(injection: Injection, fault: Fault) -> None:
    """Writes to a third of the partitions are refused for a while."""
    injection.parts.kafka.lack_replicas(injection.places(fault), fault.seconds)


def late_markers(injection: Injection, fault: Fault) -> None:
    """Transactions end late on their partitions."""
    injection.parts.kafka.delay_markers((fault.number % 30) / 10, fault.seconds)


def rebalance(injection: Injection, fault: Fault) -> None:
    """A group rebalances for no reason."""
    injection.parts.kafka.force_rebalance(group_of(fault))


def partitions_added(injection: Injection, fault: Fault) -> None:
    """A request topic has one partition more."""
    topic = REQUEST_TOPICS[fault.target % len(REQUEST_TOPICS)].name
    if injection.parts.partitions(topic) < PARTITIONS_MAX:
        injection.parts.kafka.add_partitions(PREFIX + topic, injection.parts.partitions(topic) + 1)


def broker_clock(injection: Injection, fault: Fault) -> None:
    """A broker's clock is set, within the margin that the expirer allows for."""
    broker = injection.broker(fault)
    server = injection.parts.kafka.servers[broker]
    wanted_s = (fault.number / 50_000 - 1) * 0.1
    injection.parts.kafka.step_clock(broker, wanted_s - server.clock_offset_s)


def kafka_requests_lost(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Some requests do not reach a broker."""
    return injection.lose("kafka", "request", fault)


def kafka_answers_lost(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Some answers of brokers are lost."""
    return injection.lose("kafka", "answer", fault)


def kafka_errors(injection: Injection, fault: Fault) -> None:
    """Requests of one kind fail for a while, some of them."""
    operation, error = KAFKA_ERRORS[fault.target % len(KAFKA_ERRORS)]
    injection.parts.kafka.fail_requests(operation, [error], 0.5, fault.seconds)


def election(injection: Injection, fault: Fault) -> None:
    """The primary steps down."""
    injection.parts.mongo.step_down(fault.seconds)


def primary_down(injection: Injection, fault: Fault) -> Callable[[], None]:
    """The primary is killed; another one takes its place."""
    injection.parts.mongo.crash()
    return injection.parts.mongo.restart


def primary_frozen(injection: Injection, _fault: Fault) -> Callable[[], None]:
    """The primary does not answer for a while."""
    injection.parts.mongo.freeze()
    return injection.parts.mongo.thaw


def majority_lost(injection: Injection, _fault: Fault) -> Callable[[], None]:
    """Writes are not confirmed for a while."""
    injection.parts.mongo.lose_majority()
    return injection.parts.mongo.regain_majority


def database_errors(injection: Injection, fault: Fault) -> None:
    """The next commands of one kind fail, before or after their effect."""
    injection.parts.mongo.fail(
        CODES[fault.number % len(CODES)],
        OPERATIONS[fault.target % len(OPERATIONS)],
        moment="after" if fault.number % 2 else "before",
        labels=() if fault.target % 5 == 0 else None,  # not by the number, which chooses the code
        count=ERRORS_MAX if fault.number % 4 == 0 else 1 + fault.number % 5,
    )


def database_requests_lost(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Some commands do not reach the database."""
    return injection.lose("mongo", "request", fault)


def database_answers_lost(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Some answers of the database are lost."""
    return injection.lose("mongo", "answer", fault)


def database_slow(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Each command takes longer."""
    injection.parts.mongo.slow((fault.number % 30) / 10)
    return lambda: injection.parts.mongo.slow(0)


def pool_delays(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Operations wait for a connection."""
    injection.parts.mongo.slow_pool((fault.number % 20) / 10)
    return lambda: injection.parts.mongo.slow_pool(0)


def selection_delays(injection: Injection, fault: Fault) -> Callable[[], None]:
    """Operations wait for a server."""
    injection.parts.mongo.slow_selection((fault.number % 20) / 10)
    return lambda: injection.parts.mongo.slow_selection(0)


def s3_away(injection: Injection, _fault: Fault) -> Callable[[], None]:
    """S3 refuses connections for a while."""
    injection.parts.storage.crash()
    return injection.parts.storage.restart


def s3_frozen(injection: Injection, _fault: Fault) -> Callable[[], None]:
    """S3 does not answer for a while."""
    injection.parts.storage.freeze()
    return injection.parts.storage.thaw


def s3_errors(injection: Injection, fault: Fault) -> None:
    """The next requests get an error that is S3's fault."""
    code, status = S3_ERRORS[fault.target % len(S3_ERRORS)]
    injection.parts.storage.fail(
        code, status, moment="after" if fault.number % 2 else "before", count=1 + fault.number % 4
    )


def s3_cut(injection: Injection, fault: Fault) -> None:
    """The connection is lost in the midst of the next bodies."""
    injection.parts.storage.cut(1 + fault.number % 3)


def group_of(fault: Fault) -> str:
    """The workers' group mostly."""
    return GROUP_PREFIX + (IMPORTER_GROUP if fault.target % 4 == 0 else WORKER_GROUP)


FAULTS: Final[dict[str, Callable[[Injection, Fault], Callable[[], None] | None]]] = {
    work.__name__: work
    for work in (
        kill, kill_at_step, freeze, freeze_long, terminate, start_one_more, step_clock,
        broker_down, broker_frozen, leaders_moved, coordinator_moved, too_few_replicas, late_markers, rebalance,
        partitions_added, broker_clock, kafka_requests_lost, kafka_answers_lost, kafka_errors,
        election, primary_down, primary_frozen, majority_lost, database_errors, database_requests_lost,
        database_answers_lost, database_slow, pool_delays, selection_delays,
        s3_away, s3_frozen, s3_errors, s3_cut,
    )
}  # fmt: skip
"""By kind."""
