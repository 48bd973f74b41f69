"""Kafka for one claim: a real broker, or a simulated one on virtual time.

In:       a coroutine that makes a claim of Kafka and aiokafka.
Out:      `Bench`, which it is given: clients, topics, groups and ids of its own; `RunOnKafka`, which runs it.
Promise:  the same coroutine runs on both. All that it opens is closed at the end. It waits for conditions, not for
          times: a slow machine makes it slow, not wrong.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumers.loop import aiokafka_patch, offset_answers
from tests.simulation.kafka.clients import SimulatedAdmin, SimulatedConsumer, SimulatedProducer, replacements
from tests.simulation.kafka.cluster import CLUSTER
from tests.simulation.kafka.faults import SimulatedKafka
from tests.simulation.kernel.clocks import CLOCKS, replaced
from tests.simulation.kernel.world import World, run_world

PATIENCE_S: Final = 90.0
"""Longest wait for a condition."""
LOOK_EVERY_S: Final = 0.05
READING: Final[Mapping[str, Any]] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "session_timeout_ms": 2_000,
    "heartbeat_interval_ms": 200,
    "rebalance_timeout_ms": 30_000,
    "metadata_max_age_ms": 2_000,
}
"""How the service reads, with a short session."""


@dataclass(slots=True)
class Bench:
    """Kafka as a claim uses it."""

    connection: Mapping[str, Any]
    consumer_class: type[Any] = AIOKafkaConsumer
    producer_class: type[Any] = AIOKafkaProducer
    admin_class: type[Any] = AIOKafkaAdminClient
    prefix: str = field(default_factory=lambda: f"claim-{secrets.token_hex(4)}")
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    world: World | None = None
    kafka: SimulatedKafka | None = None
    """Only on virtual time: what a claim about faults disturbs."""

    @property
    def simulated(self) -> SimulatedKafka:
        """The simulated cluster, of a claim that runs on nothing else."""
        assert self.kafka is not None
        return self.kafka

    def name(self, what: str) -> str:
        """A group, topic or id of this claim's own."""
        return f"{self.prefix}.{what}"

    async def topic(self, partitions: int = 1, what: str = "topic", **config: str) -> str:
        """A new topic; dots of its configuration's keys are underscores here."""
        name, admin = self.name(what), await self.admin()
        own = {key.replace("_", "."): value for key, value in config.items()}
        answer = await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=own)])
        assert [0] == [code for _, code, _ in answer.topic_errors]

        async def is_known() -> bool:
            found = [topic["partitions"] for topic in await admin.describe_topics() if topic["topic"] == name]
            return bool(found) and partitions == len(found[0]) and all(part["leader"] >= 0 for part in found[0])

        await until(is_known)
        return name

    async def admin(self) -> AIOKafkaAdminClient:
        """A started admin client."""
        admin = self.admin_class(**self.connection)
        self.opened.push_async_callback(admin.close)
        await admin.start()
        return admin

    async def consumer(self, group: str | None = None, **options: Any) -> AIOKafkaConsumer:
        """A started consumer; its group by its short name."""
        named = None if group is None else self.name(group)
        consumer = self.consumer_class(**self.connection, **{**READING, **options}, group_id=named)
        self.opened.push_async_callback(consumer.stop)
        await consumer.start()
        return consumer

    async def producer(self, transactional_id: str | None = None, **options: Any) -> AIOKafkaProducer:
        """A started producer: transactional with an id, else idempotent."""
        if transactional_id is None:
            options["enable_idempotence"] = True
        else:
            options["transactional_id"] = self.name(transactional_id)
        producer = self.producer_class(**self.connection, **options)
        self.opened.push_async_callback(producer.stop)
        await producer.start()
        return producer


Claim = Callable[[Bench], Coroutine[Any, Any, None]]
RunOnKafka = Callable[[Claim], None]


def run_simulated(claim: Claim, brokers: int = 1) -> None:
    """On virtual time, with the given number of brokers."""

    async def history(world: World) -> None:
        kafka = SimulatedKafka(world, brokers)
        CLUSTER.set(kafka)
        clients = (SimulatedConsumer, SimulatedProducer, SimulatedAdmin)
        await closed(Bench({"bootstrap_servers": "simulated"}, *clients, world=world, kafka=kafka), claim)

    install_patches()
    with replaced({**CLOCKS, **replacements()}, ("aiokafka", "consumers")):
        run_world(1, history)


def install_patches() -> None:
    """Aiokafka as the service uses it."""
    aiokafka_patch.install()
    offset_answers.install()


def run_real(claim: Claim, servers: str) -> None:
    """On a real broker."""
    install_patches()
    asyncio.run(closed(Bench({"bootstrap_servers": servers}), claim))


async def closed(bench: Bench, claim: Claim) -> None:
    """Make the claim, and close what it has opened."""
    async with bench.opened:
        await claim(bench)


def on_both(claim: Claim) -> Callable[[RunOnKafka], None]:
    """A test that runs the claim on a simulated and on a real broker."""

    def test(run_on_kafka: RunOnKafka) -> None:
        run_on_kafka(claim)

    return named_after(claim, test)


def on_simulated(brokers: int = 1) -> Callable[[Claim], Callable[[], None]]:
    """A test of a fault that a real broker cannot be made to have on demand."""

    def decorated(claim: Claim) -> Callable[[], None]:
        def test() -> None:
            run_simulated(claim, brokers)

        return named_after(claim, test)

    return decorated


def named_after(claim: Claim, test: Callable[..., None]) -> Callable[..., None]:
    """The test has the claim's name and docstring, and none of its arguments."""
    test.__name__, test.__doc__, test.__module__ = claim.__name__, claim.__doc__, claim.__module__
    return test


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110  # the broker says nothing by itself
            await asyncio.sleep(LOOK_EVERY_S)


async def until_true(condition: Callable[[], object]) -> None:
    """The same for a condition that needs no awaiting."""

    async def holds() -> bool:
        return bool(condition())

    await until(holds)
