"""What must hold: a part that does not answer is said to be unavailable once, waited for, and given up in time."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition

from cli.exits import exit_code
from ops.broker import patience
from ops.broker import reading as kafka_reading
from ops.broker.patience import Patience, Unanswered, kafka_patience
from ops.broker.reading import TopicReader
from ops.exit_codes import Exit
from schemas.errors import BrokerUnavailable

GONE = BrokerUnavailable("Kafka at h:1: KafkaConnectionError")
P = TopicPartition("t", 0)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundredths of seconds instead of seconds."""
    for name, seconds in {"SAY_AFTER_S": 0.02, "QUESTION_S_MIN": 0.1, "PAUSE_S": 0.01, "PAUSE_S_MAX": 0.02}.items():
        monkeypatch.setattr(patience, name, seconds)
    monkeypatch.setattr(kafka_reading, "ASK_EVERY_S", 0.0)
    monkeypatch.setattr(kafka_reading, "ANSWER_S_MAX", 0.1)


class Silent:
    """A consumer that gets no records. It answers a request for ends so often, then never."""

    def __init__(self, answers: int = 0) -> None:
        self.answers = answers

    async def getmany(self, **_: Any) -> Mapping[TopicPartition, Any]:
        await asyncio.sleep(0)
        return {}

    async def end_offsets(self, _: Any) -> Mapping[TopicPartition, int]:
        if not self.answers:
            await asyncio.Event().wait()
        self.answers -= 1
        return {P: 1}


async def test_a_failure_is_said_once_and_so_is_the_return() -> None:
    """With the address, the reason, and what ends it."""
    said: list[str] = []
    waiting = kafka_patience("h:1", said.append)

    for _ in range(5):
        await waiting.pause(GONE)
    assert waiting.is_unavailable
    async with waiting.asked():
        pass

    assert ["Kafka is unavailable at h:1 (KafkaConnectionError), waiting; Ctrl-C ends", "it answers again"] == said
    assert not waiting.is_unavailable


async def test_an_open_question_is_said_before_it_ends() -> None:
    """A frozen part takes the question, and answers nothing."""
    said: list[str] = []
    is_said = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        is_said.set()

    async with Patience("the part", say).asked():
        await is_said.wait()

    assert ["the part (no answer), waiting; Ctrl-C ends", "it answers again"] == said


@pytest.mark.parametrize("manner", ["fails", "is silent"])
async def test_it_is_given_up_in_time(manner: str) -> None:
    """With an error of its own, whose exit code is that of a part that is not there."""
    waiting = Patience("the part", lambda _: None, 0.05)

    async def wait() -> None:
        while manner == "fails":
            await waiting.pause(GONE)
        async with waiting.asked():
            await asyncio.Event().wait()

    with pytest.raises(Unanswered, match=r"the part, for 0\.05 s") as ended:
        await wait()

    assert Exit.UNREACHABLE == exit_code(ended.value)


async def test_an_answer_in_time_is_no_matter() -> None:
    """Nothing is printed."""
    said: list[str] = []
    waiting = Patience("the part", said.append, 0.05)
    for _ in range(3):
        async with waiting.asked():
            await asyncio.sleep(0)

    assert [] == said


async def test_a_reader_asks_whether_the_brokers_are_there() -> None:
    """A client hides that they are gone: without records it looks as if nothing came. An audit must not wait so."""
    reader = TopicReader(Silent(answers=3), [P])

    for _ in range(3):
        assert [] == await reader.poll()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await reader.poll()


async def test_an_end_that_cannot_be_reached_is_not_waited_for() -> None:
    """Without brokers `until` would turn for ever."""

    class Standing(Silent):
        async def position(self, _: TopicPartition) -> int:
            return 0

    with pytest.raises(BrokerUnavailable):
        async for _ in TopicReader(Standing(answers=2), [P]).until({P: 5}):
            pass
