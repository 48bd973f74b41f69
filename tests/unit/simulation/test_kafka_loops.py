"""The service's own loops over the simulated Kafka alone: each record is answered once, whatever happens to Kafka."""

import asyncio
import gc
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

import pytest
import stamina
from aiokafka import TopicPartition

from consumers.loop.serving import KafkaSide, serve_topics
from producers.emitters import Emitter
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.settings import KafkaSettings, WorkerSettings
from tests.fakes.observer import ObservedFacts
from tests.simulation.kafka import reading
from tests.simulation.kafka.clients import replacements
from tests.simulation.kafka.cluster import CLUSTER
from tests.simulation.kafka.faults import SimulatedKafka
from tests.simulation.kernel.clocks import CHANCE, CLOCKS, SEEDED, replaced
from tests.simulation.kernel.network import Loss, undisturbed
from tests.simulation.kernel.process import Process
from tests.simulation.kernel.world import World, run_world

GROUP, INPUT, OUTPUT = "workers", "requests", "results"
PARTITIONS: Final = 4
LASTS_S: Final = 30.0
QUIET_S: Final = 150.0
"""Longest time until everything is answered after the last fault."""
PACKAGES: Final = ("aiokafka", "consumers", "producers", "stamina")


class Echo:
    """A partition's work: each record is its own answer."""

    def __init__(self, source: TopicPartition) -> None:
        self._source = source

    async def take_over(self) -> None:
        """The former owner has nothing else open."""

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """Answer all of them."""
        await asyncio.sleep(CHANCE.uniform(0.0, 0.05))
        answers = [OutgoingRecord(OUTPUT, record.key, record.value, ()) for record in records]
        await emitter.emit(answers, records[-1].offset + 1)


async def member() -> None:
    """A process that serves until it is killed."""
    side = KafkaSide(
        {"bootstrap_servers": "simulated", "request_timeout_ms": 5_000},
        KafkaSettings(),
        "exactly_once",
        WorkerSettings(),
        ObservedFacts(),
    )
    await serve_topics(side, GROUP, [INPUT], Echo, asyncio.Event(), batch_size_max=20)


class Disturbance:
    """What happens to the processes and to Kafka; each fault ends after a few seconds."""

    def __init__(self, world: World, kafka: SimulatedKafka) -> None:
        self._world = world
        self._kafka = kafka
        self._random: Random = world.random
        self._faults: list[Callable[[float], None]] = [
            self.kill, self.freeze, self.crash_broker, self.freeze_broker, self.delay_markers, self.lose_answers,
            self.lose_requests, self.move_coordinators, self.move_leaders, self.lack_replicas, self.rebalance,
        ]  # fmt: skip

    def one_more(self) -> None:
        """Any of them, now."""
        self._random.choice(self._faults)(self._random.uniform(0.5, 8.0))

    def kill(self, _seconds: float) -> None:
        self._world.kill(self._process())
        self._world.spawn("member", member)

    def freeze(self, seconds: float) -> None:
        process = self._process()
        process.freeze()
        self._kafka.later(seconds * 2, lambda: self._world.thaw(process))

    def crash_broker(self, seconds: float) -> None:
        broker = self._broker()
        self._kafka.crash_broker(broker)
        self._kafka.later(seconds, lambda: self._kafka.start_broker(broker))

    def freeze_broker(self, seconds: float) -> None:
        broker = self._broker()
        self._kafka.freeze_broker(broker)
        self._kafka.later(seconds, lambda: self._kafka.thaw_broker(broker))

    def delay_markers(self, seconds: float) -> None:
        self._kafka.delay_markers(seconds / 2, seconds)

    def lose_answers(self, seconds: float) -> None:
        self._lose("answer", seconds)

    def lose_requests(self, seconds: float) -> None:
        self._lose("request", seconds)

    def move_coordinators(self, seconds: float) -> None:
        self._kafka.move_coordinator("group", GROUP, loading_s=seconds / 4)
        for name in self._kafka.transactions.by_id:
            self._kafka.move_coordinator("transaction", name, loading_s=seconds / 4)

    def move_leaders(self, _seconds: float) -> None:
        for number in range(PARTITIONS):
            self._kafka.move_leader(TopicPartition(INPUT, number))
            self._kafka.move_leader(TopicPartition(OUTPUT, number))

    def lack_replicas(self, seconds: float) -> None:
        self._kafka.lack_replicas([TopicPartition(OUTPUT, number) for number in range(2)], seconds)

    def rebalance(self, _seconds: float) -> None:
        self._kafka.force_rebalance(GROUP)

    def _process(self) -> Process:
        return self._random.choice([process for process in self._world.processes if self._world.is_running(process)])

    def _broker(self) -> int:
        return self._random.choice(sorted(self._kafka.servers))

    def _lose(self, loss: Loss, seconds: float) -> None:
        self._world.network.disturb = lambda *_: loss if self._random.random() < 0.2 else None
        self._kafka.later(seconds, self._heal)

    def _heal(self) -> None:
        self._world.network.disturb = undisturbed


async def history(world: World, brokers: int) -> tuple[Counter[bytes | None], Counter[bytes | None], int]:
    """What was asked and what was answered, each with how often; and a number that is the history's own."""
    kafka = SimulatedKafka(world, brokers)
    CLUSTER.set(kafka)
    kafka.create_topic(INPUT, PARTITIONS)
    kafka.create_topic(OUTPUT, PARTITIONS)
    for _ in range(3):
        world.spawn("member", member)
    disturbance, asked = Disturbance(world, kafka), 0
    while world.loop.time() < LASTS_S:
        await asyncio.sleep(world.random.uniform(0.2, 2.0))
        for _ in range(world.random.randint(0, 12)):
            reading.put(kafka, INPUT, b"%d" % asked, b"%d" % (asked % 50))
            asked += 1
        disturbance.one_more()
    async with asyncio.timeout(QUIET_S):
        while not reading.is_settled(kafka, [(GROUP, INPUT)]):  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.5)
    inputs, outputs = (
        Counter(record.value for record in reading.logged(kafka, "", [topic])) for topic in (INPUT, OUTPUT)
    )
    return inputs, outputs, world.loop.steps


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # coroutines of killed processes find no loop


@pytest.fixture(autouse=True)
def simulated_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients, clocks and random numbers are the simulation's."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)  # as above
    stamina.instrumentation.set_on_retry_hooks(())
    logging.disable(logging.CRITICAL)
    with replaced({**CLOCKS, **SEEDED, **replacements()}, PACKAGES):
        yield
    gc.collect()  # what killed processes have left, as long as nobody is warned of it
    logging.disable(logging.NOTSET)
    stamina.instrumentation.set_on_retry_hooks(None)


def run(seed: int, brokers: int) -> tuple[Counter[bytes | None], Counter[bytes | None], int]:
    """The history of a seed."""
    CHANCE.seed(seed)
    return run_world(seed, lambda world: history(world, brokers))


@pytest.mark.parametrize(("seed", "brokers"), [(1, 1), (2, 3), (3, 1), (4, 3)])
def test_each_record_is_answered_once(seed: int, brokers: int) -> None:
    """Whatever is killed, frozen, moved, lost or late meanwhile."""
    inputs, outputs, _ = run(seed, brokers)

    assert inputs == outputs


def test_a_seed_gives_the_same_history_each_time() -> None:
    """Step by step: a failure can be looked at again."""
    assert run(5, 3) == run(5, 3)
