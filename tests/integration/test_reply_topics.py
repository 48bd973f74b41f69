"""Reply topics that take nothing: a running worker goes on, answers everybody, and says which topic it is."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from ops.settings.load import Settings
from schemas.topics import RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.replying import ReplyTopic, a_reply_topic
from tests.integration.requesting import headers_of, reserve
from tests.integration.running import Neighbour, Role, running
from tests.integration.scraping import until_scraped

pytestmark = pytest.mark.integration

BOUND_S: Final = 60.0
"""For answers of a batch whose copies cannot be sent; it takes a few seconds."""
AGED_S: Final = 90.0
"""What a worker knows of a reply topic is looked up anew within 30 s."""
HURRIED: Final = {"CODES_KAFKA__TRANSACTION_TIMEOUT_MS": "8000"}
"""A batch without progress is given up after a quarter of it."""
TOO_SMALL: Final = "100"
"""Bytes; no result fits."""


@pytest.fixture
async def replies(migrated: Settings) -> AsyncIterator[ReplyTopic]:
    """A reply topic of this test's own."""
    async with a_reply_topic(migrated) as topic:
        yield topic


@pytest.fixture(params=["exactly_once", "at_least_once"])
def guaranteed(request: pytest.FixtureRequest, environment: dict[str, str], replies: ReplyTopic) -> dict[str, str]:
    """A worker's environment, with either guarantee."""
    return {**environment, **HURRIED, **replies.allowed, "CODES_PROCESSING_GUARANTEE": request.param}


async def answers(neighbour: Neighbour, count: int) -> Mapping[str, list[bytes | None]]:
    """What `reply-refused` says in each result of each request, once so many requests have one."""
    end = time.monotonic() + BOUND_S
    while True:
        found: dict[str, list[bytes | None]] = defaultdict(list)
        for record in await neighbour.records(RESULTS, count, timeout_s=BOUND_S, settle_s=0.1):
            headers = headers_of(record)
            found[headers["ce_subject"].decode()].append(headers.get("reply-refused"))
        if len(found) >= count:
            return found
        assert time.monotonic() < end, f"{len(found)} of {count} requests are answered"


async def three_are_answered(neighbour: Neighbour, replies: ReplyTopic, guarantee: str) -> None:
    """Each once, the one who wanted a copy with a word on why there is none.

    With at_least_once the tries that failed are seen too.
    """
    end = time.monotonic() + BOUND_S
    while (found := await answers(neighbour, 3))["r2"][-1:] != [replies.name.encode()]:
        assert time.monotonic() < end, f"nobody says that {replies.name} is refused"
    assert {None} == {*found["r1"], *found["r3"]}
    if guarantee == "exactly_once":
        assert [1, 1, 1] == [len(found[name]) for name in ("r1", "r2", "r3")]


async def ask_three(neighbour: Neighbour, replies: ReplyTopic) -> None:
    """A request that wants a copy between two that do not, all in one partition."""
    await neighbour.send(RESERVE, reserve("r1"), partition=0)
    await neighbour.send(RESERVE, reserve("r2"), partition=0, headers=replies.headers())
    await neighbour.send(RESERVE, reserve("r3"), partition=0)


async def says_so(worker: Role, replies: ReplyTopic) -> None:
    """Check that the log names the topic, and the metric too while it is unusable."""
    await worker.until_logged("reply_topic_unusable")
    assert replies.name == worker.logged("reply_topic_unusable")[0]["topic"]
    name = "codes_reply_topic_unusable"
    await until_scraped(worker, "the topic", lambda seen: seen.value(name, topic=replies.name) == 1.0)


async def test_a_topic_that_is_deleted_while_it_is_used(
    guaranteed: dict[str, str], neighbour: Neighbour, stocked: PutCodes, replies: ReplyTopic, tmp_path: Path
) -> None:
    """The client still has its metadata, and would retry for ever."""
    await stocked("sale", 10)
    await replies.make()
    async with running("worker", guaranteed, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("r0"), partition=0, headers=replies.headers())
        assert {"r0": [None]} == await answers(neighbour, 1)
        await replies.delete()
        await ask_three(neighbour, replies)
        await three_are_answered(neighbour, replies, guaranteed["CODES_PROCESSING_GUARANTEE"])
        await says_so(worker, replies)
        assert worker.process.returncode is None


async def test_a_topic_that_takes_only_small_batches(
    guaranteed: dict[str, str], neighbour: Neighbour, stocked: PutCodes, replies: ReplyTopic, tmp_path: Path
) -> None:
    """It is left out, and gets copies again by itself once it takes them: see the unit tests for how."""
    await stocked("sale", 10)
    await replies.make(max_message_bytes=TOO_SMALL)
    async with running("worker", guaranteed, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await ask_three(neighbour, replies)
        await three_are_answered(neighbour, replies, guaranteed["CODES_PROCESSING_GUARANTEE"])
        await says_so(worker, replies)
        assert worker.process.returncode is None


@pytest.mark.long
@pytest.mark.timeout(240)  # what is known of a reply topic is looked up anew every 30 seconds
async def test_a_partition_that_is_added_gets_copies(
    guaranteed: dict[str, str], neighbour: Neighbour, stocked: PutCodes, replies: ReplyTopic, tmp_path: Path
) -> None:
    """Soon, and without an end of the process: the client's own knowledge is minutes older than the broker's."""
    await stocked("sale", 200)
    await replies.make()
    async with running("worker", guaranteed, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("r0"), partition=0, headers=replies.headers(0))
        await answers(neighbour, 1)
        await replies.widen(4)
        end, sent, refused = time.monotonic() + AGED_S, 1, True
        while refused:
            assert time.monotonic() < end, "partitions that were added are never used"
            name = f"r{sent}"
            await neighbour.send(RESERVE, reserve(name), partition=0, headers=replies.headers(3))
            sent += 1
            refused = (await answers(neighbour, sent))[name][-1] is not None
            await asyncio.sleep(1)

        assert worker.process.returncode is None
