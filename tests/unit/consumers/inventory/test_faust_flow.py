"""Faust's consumer with our flow: what is committed, and what reaches the agent during a rebalance."""

from dataclasses import dataclass
from typing import Any

import pytest
from faust.types import TP

from consumers.inventory.faust_flow import OurConsumer, of
from consumers.inventory.faust_kafka import InventoryApp
from consumers.loop.serving import KafkaSide
from schemas.settings import KafkaSettings, WorkerSettings
from tests.fakes.observer import ObservedFacts

PLACE = TP("codes.inventory.v1", 0)


async def nothing_to_read() -> None:
    """No alerts."""


@pytest.fixture
async def consumer() -> OurConsumer:
    """Of an application that is not started: no broker is asked."""
    side = KafkaSide({}, KafkaSettings(), "exactly_once", WorkerSettings(), ObservedFacts())
    app = InventoryApp(side, nothing_to_read)
    app.consumer_generation_id = 2
    return of(app)


@dataclass(eq=False)
class Message:
    """What is asked of Faust's."""

    offset: int
    generation_id: int = 2
    tp: TP = PLACE
    acked: bool = False


def committable(consumer: OurConsumer) -> dict[TP, int]:
    return consumer._filter_committable_offsets([])  # what Faust asks for


async def test_only_what_was_counted_is_committed(consumer: OurConsumer) -> None:
    """Faust acknowledges an event that it skips, too: that one must be read again."""
    consumer.done(Message(4))
    consumer.ack(Message(5))

    assert {PLACE: 5} == committable(consumer)


async def test_an_event_of_an_earlier_assignment_commits_nothing(consumer: OurConsumer) -> None:
    """The partition may have been somebody else's meanwhile."""
    consumer.done(Message(9, generation_id=1))

    assert {} == committable(consumer)


async def test_what_is_fetched_while_the_flow_closes_does_not_reach_the_agent(
    consumer: OurConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the records of a fetch that was under way, nor the rest of those being handed over."""
    taken: list[int] = []

    async def take(message: Any) -> None:
        taken.append(message.offset)
        if message.offset == 1:
            consumer.stop_flow()

    async def fetch(_active: Any, _timeout: float) -> dict[TP, list[Any]]:
        if not taken:
            return {PLACE: [Message(offset) for offset in range(4)]}
        consumer.stop_flow()
        return {PLACE: [Message(7)]}

    monkeypatch.setattr(consumer, "callback", take)
    monkeypatch.setattr(consumer, "_getmany", fetch)
    monkeypatch.setattr(consumer, "_to_message", lambda _tp, record: record)
    consumer._active_partitions = {PLACE}  # as after an assignment
    consumer.resume_flow()
    await consumer._hand_over_next()  # one fetch
    consumer.resume_flow()
    await consumer._hand_over_next()  # one fetch

    assert [0, 1] == taken
