"""A topic that takes nothing, on a real broker: the emitter gives up in time and says which topic is at fault."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import TopicAuthorizationFailedError

from ops.settings.load import Settings
from producers.emitters import Emitter
from schemas.errors import EmitFailed
from schemas.records import OutgoingRecord
from schemas.topics import RESULTS
from tests.contract.emitting import EmitterBench, emitter_bench

pytestmark = pytest.mark.integration

PATIENCE_S: Final = 10.0
"""A busy machine takes good records within it."""
BOUND_S: Final = 60.0
"""From the emission to the end of the producer's stop; far more than it takes, far less than for ever."""
REPLY_BYTES: Final = 4_000

Open = Callable[[], AbstractAsyncContextManager[Emitter]]


class Replies:
    """A reply topic with one partition, which may be spoilt."""

    def __init__(self, admin: AIOKafkaAdminClient, topic: str) -> None:
        self.admin = admin
        self.topic = topic

    def record(self, value: bytes = b"copy", partition: int | None = None) -> OutgoingRecord:
        """A record for this topic."""
        return OutgoingRecord(self.topic, b"k", value, (), partition)

    async def delete(self) -> None:
        """Delete it, and wait until the broker no longer lists it."""
        await self.admin.delete_topics([self.topic])
        await self.until(lambda found: found["error_code"] != 0)

    async def widen(self) -> None:
        """Widen it to four partitions."""
        await self.admin.create_partitions({self.topic: NewPartitions(4)})
        await self.until(lambda found: len(found["partitions"]) == 4)

    async def until(self, is_so: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the broker describes it like this."""
        end = time.monotonic() + BOUND_S
        while not is_so((await self.admin.describe_topics([self.topic]))[0]):
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


@pytest.fixture
async def bench(migrated: Settings) -> AsyncIterator[EmitterBench]:
    """A bench with short time-outs."""
    async with emitter_bench(migrated) as bench:
        bench.patience_s = PATIENCE_S
        yield bench


@pytest.fixture
async def replies(bench: EmitterBench, migrated: Settings) -> AsyncIterator[Replies]:
    """A topic that takes small batches only."""
    admin = AIOKafkaAdminClient(bootstrap_servers=migrated.kafka.bootstrap_servers)
    await admin.start()
    name = f"{migrated.topics.prefix}answers"
    limit = {"max.message.bytes": str(REPLY_BYTES)}
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs=limit)])
    yield Replies(admin, name)
    await admin.delete_topics([name])
    await admin.close()


@pytest.fixture(params=["exactly_once", "at_least_once"])
def opened(request: pytest.FixtureRequest, bench: EmitterBench) -> Open:
    """An emitter of either guarantee."""
    if request.param == "exactly_once":
        return bench.transactional

    @asynccontextmanager
    async def acknowledged() -> AsyncIterator[Emitter]:
        async with bench.acknowledged(bench.source) as emitter:
            yield emitter

    return acknowledged


async def failing(opened: Open, *batches: list[OutgoingRecord], spoil: Callable[[], Awaitable[None]]) -> EmitFailed:
    """The first batch is taken, then something happens, then the second one fails; the emitter is closed in time."""
    async with asyncio.timeout(BOUND_S):
        async with opened() as emitter:
            await emitter.emit(batches[0], 1)
            await spoil()
            with pytest.raises(EmitFailed) as raised:
                await emitter.emit(batches[1], 2)
    return raised.value


async def nothing() -> None:
    """It is spoilt from the beginning."""


async def test_a_topic_that_was_deleted_is_named(bench: EmitterBench, replies: Replies, opened: Open) -> None:
    """The client would try for ever: it knows the topic still."""
    good, copy = bench.a_result(b"good"), replies.record()

    failed = await failing(opened, [good, copy], [bench.a_result(b"again"), copy], spoil=replies.delete)

    assert {replies.topic} == failed.topics
    await goes_on(bench, opened)


async def test_a_topic_whose_batches_must_be_small_is_named(
    bench: EmitterBench, replies: Replies, opened: Open
) -> None:
    """However small the single records are."""
    many = [replies.record(b"x" * 500) for _ in range(20)]

    failed = await failing(opened, [bench.a_result(b"good")], [bench.a_result(b"again"), *many], spoil=nothing)

    assert {replies.topic} == failed.topics
    await goes_on(bench, opened)


async def test_a_partition_that_is_not_there_is_no_end(bench: EmitterBench, replies: Replies, opened: Open) -> None:
    """The client asserts that there is none, and would end the process."""
    far = replies.record(partition=3)

    failed = await failing(opened, [bench.a_result(b"good")], [bench.a_result(b"again"), far], spoil=nothing)

    assert {replies.topic} == failed.topics
    await goes_on(bench, opened)


async def test_a_partition_that_was_added_is_written_to(bench: EmitterBench, replies: Replies, opened: Open) -> None:
    """At once, though the client looks for new partitions only every five minutes."""
    async with opened() as emitter:
        await emitter.emit([bench.a_result(b"good"), replies.record(partition=0)], 1)
        await replies.widen()
        await emitter.emit([bench.a_result(b"again"), replies.record(partition=3)], 2)

    assert ([b"again", b"good"], 2) == (await bench.values(), await bench.committed())


async def test_our_own_topic_is_named_too(bench: EmitterBench, replies: Replies, opened: Open) -> None:
    """So that a reply topic beside it is not blamed."""
    huge = bench.a_result(b"x" * 2_000_000)

    failed = await failing(opened, [bench.a_result(b"good")], [huge, replies.record()], spoil=nothing)

    assert {bench.topics.full(RESULTS)} == failed.topics


async def test_a_topic_without_the_right_to_write_is_named(
    bench: EmitterBench, replies: Replies, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the transaction's coordinator or the partition's leader says it. Real rights: `test_reply_rights.py`."""
    forbid(monkeypatch, replies.topic)

    failed = await failing(
        opened, [bench.a_result(b"good")], [bench.a_result(b"again"), replies.record()], spoil=nothing
    )

    assert {replies.topic} == failed.topics
    monkeypatch.undo()
    await goes_on(bench, opened)


async def goes_on(bench: EmitterBench, opened: Open) -> None:
    """The next emitter sends the batch without the copy; of the failed one no offset has moved."""
    assert 1 == await bench.committed()
    async with opened() as emitter:
        await emitter.emit([bench.a_result(b"again")], 2)
    assert 2 == await bench.committed()
    assert {b"good", b"again"} == set(await bench.values())


def forbid(monkeypatch: pytest.MonkeyPatch, topic: str) -> None:
    """Let the broker's answers say that nobody may write to a topic."""
    from aiokafka.producer.sender import AddPartitionsToTxnHandler, SendProduceReqHandler  # noqa: PLC0415

    code = TopicAuthorizationFailedError.errno
    added, produced = AddPartitionsToTxnHandler.handle_response, SendProduceReqHandler.handle_response

    def add(handler: Any, answer: Any) -> Any:  # aiokafka is not typed
        answer.errors = [
            (name, [(number, code if name == topic else error) for number, error in parts])
            for name, parts in answer.errors
        ]
        return added(handler, answer)

    def produce(handler: Any, answer: Any) -> Any:
        answer.topics = [
            (name, [(number, code if name == topic else error, *rest) for number, error, *rest in parts])
            for name, parts in answer.topics
        ]
        return produced(handler, answer)

    monkeypatch.setattr(AddPartitionsToTxnHandler, "handle_response", add)
    monkeypatch.setattr(SendProduceReqHandler, "handle_response", produce)
