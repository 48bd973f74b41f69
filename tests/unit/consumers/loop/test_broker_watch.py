"""Watching: a part that does not answer is reported, and so is its return; ends are current."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumers.loop.broker_watch import ANSWER_TIMEOUT_S, EVERY_S, check_topics, probed, read_ends
from schemas.errors import BrokerUnavailable, StoreUnavailable
from schemas.observation.partitions import Ends, EndsRead, PartAvailable, PartUnavailable
from tests.fakes.consumer import MemoryConsumer
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run

A, B = TopicPartition("t.a", 0), TopicPartition("t.b", 1)


class Part:
    """Answers by a list; after that it always answers."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def ask(self) -> None:
        """Once."""
        self.asked += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error


def watch_for(part: Part, rounds: int) -> ObservedFacts:
    """Watch so often."""
    observer = ObservedFacts()

    async def scene() -> None:
        async with probed(part.ask, "mongo", observer):
            await asyncio.sleep(EVERY_S * (rounds - 0.5))

    run(scene())
    assert rounds == part.asked
    return observer


def test_a_part_that_answers_is_not_reported() -> None:
    """What the work says of it stands."""
    observer = watch_for(Part(), 3)

    assert ([], []) == (observer.of(PartUnavailable), observer.each(PartAvailable, "part"))


def test_a_silent_part_is_reported_until_it_answers() -> None:
    """Each try, and the answer once."""
    why = StoreUnavailable("no answer")
    observer = watch_for(Part(None, why, why), 6)

    assert ([PartUnavailable("mongo", why)] * 2, ["mongo"]) == (
        observer.of(PartUnavailable),
        observer.each(PartAvailable, "part"),
    )


def test_ends_are_observed_with_the_high_watermark() -> None:
    """It is at least what may be read; of a partition that is gone nothing more is known."""
    observer = ObservedFacts()

    run(read_ends(MemoryConsumer(end=7, high_watermark=9, assigned={A}), [A, B], observer))

    assert [{("t.a", 0): Ends(7, 9), ("t.b", 1): Ends(7, 7)}] == observer.each(EndsRead, "ends")


def test_without_partitions_nobody_is_asked() -> None:
    """Between the halves of a rebalance, and in a spare process."""
    observer = ObservedFacts()

    run(read_ends(MemoryConsumer(answer=lambda: pytest.fail("asked")), [], observer))

    assert [] == observer.each(EndsRead, "ends")


def test_topics_that_are_known_are_not_asked_for() -> None:
    """They are looked for every few seconds."""
    run(check_topics("ab", MemoryConsumer(answer=lambda: pytest.fail("asked"), known="abc")))


def test_topics_that_are_not_known_yet_may_be_there() -> None:
    """The consumer has just begun."""
    run(check_topics("ab", MemoryConsumer(known="a", existing="abc")))


def test_topics_that_are_missing_are_named_with_the_remedy() -> None:
    """Who starts a role first and migrates later should not have to guess."""
    with pytest.raises(BrokerUnavailable, match="no topic b, c: run `codes migrate`"):
        run(check_topics("abc", MemoryConsumer(known="a", existing="a")))


async def fails() -> None:
    """The client's error."""
    raise KafkaConnectionError


@pytest.mark.parametrize("answer", [fails, lambda: asyncio.sleep(ANSWER_TIMEOUT_S * 2)])
def test_a_broker_that_does_not_answer_in_time_is_unavailable(answer: Callable[[], Any]) -> None:
    """However the client puts it."""
    with pytest.raises(BrokerUnavailable):
        run(read_ends(MemoryConsumer(answer=answer), [A], ObservedFacts()))
    with pytest.raises(BrokerUnavailable):
        run(check_topics("a", MemoryConsumer(answer=answer)))
