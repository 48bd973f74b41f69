"""The sender keeps the shape's pace, whatever the answers do."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.asking import Asking
from cli.rehearsal.journal import Answer, Journal
from cli.rehearsal.reading import Results, answer_of
from cli.rehearsal.sending import Sender
from ops.settings.load import load_settings
from schemas.records import IncomingRecord

BLOCKED_S = 0.1


class Written:
    """What the broker reports."""

    def __init__(self, timestamp: int) -> None:
        self.timestamp = timestamp


class Producer:
    """Accepts requests; the future of each is the test's. Its first request may have to wait."""

    def __init__(self, first_s: float = 0.0) -> None:
        self.sent: list[dict[str, Any]] = []
        self.futures: list[asyncio.Future[Written]] = []
        self._first_s = first_s

    async def send(self, topic: str, **record: Any) -> "asyncio.Future[Written]":
        """As the client's."""
        if not self.sent:
            await asyncio.sleep(self._first_s)
        self.sent.append({"topic": topic, **record})
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]


async def sent(producer: Producer, journal: Journal, due: Sequence[Arrival]) -> Sender:
    """A sender that has sent all of these."""
    results = Results(load_settings({}), journal)
    sender = Sender(load_settings({}), producer, journal, Asking(journal, results.holds, "rehearsal-1", 0))
    await sender.send(due)
    return sender


async def test_no_answer_and_no_acknowledgement_is_waited_for() -> None:
    """All requests are sent, and none is acknowledged."""
    producer, journal = Producer(), Journal("run", 100, 2.0)

    await sent(producer, journal, [Arrival(0.0, "reserve")] * 100)

    assert (100, 100) == (len(producer.sent), journal.unanswered)
    assert {"codes.reserve.requests.v1"} == {record["topic"] for record in producer.sent}
    assert [b"run.fan-0", b"run.fan-1"] == [record["key"] for record in producer.sent[:2]]
    assert "run.99" == orjson.loads(producer.sent[99]["value"])["request_id"]


async def test_a_sender_that_is_kept_waiting_says_how_late_it_was() -> None:
    """The later requests were late too, although the client took them at once."""
    sender = await sent(Producer(BLOCKED_S), Journal("run", 3, 2.0), [Arrival(0.0, "reserve")] * 3)

    shortest = sender.lateness.within(0.01)
    assert (3, True) == (sender.lateness.count, shortest is not None and shortest >= BLOCKED_S * 0.9)


async def test_no_request_is_sent_before_it_is_due() -> None:
    """Its moment is the shape's."""
    clock = asyncio.get_running_loop().time
    began_s = clock()

    await sent(Producer(), Journal("run", 1, 2.0), [Arrival(0.05, "reserve")])

    assert clock() - began_s >= 0.05


async def test_an_acknowledgement_brings_the_timestamp_and_an_error_is_counted() -> None:
    """A request that Kafka did not acknowledge may have been written."""
    producer, journal = Producer(), Journal("run", 3, 2.0)
    await sent(producer, journal, [Arrival(0.0, "reserve")] * 3)

    producer.futures[0].set_result(Written(2**50))
    producer.futures[1].set_exception(OSError())
    producer.futures[2].cancel()
    await asyncio.sleep(0)

    assert 2 == journal.unacknowledged
    journal.answer(Answer("run.0", "reserved"), journal._asked_ms[0] + 500)
    assert 0.5 == journal.total.times.max_s


@pytest.mark.parametrize("value", [b"not JSON", b"[]", None])
def test_a_result_that_cannot_be_read_is_no_answer(value: bytes | None) -> None:
    """Others may write to the topic too."""
    record = IncomingRecord("codes.results.v1", 0, 0, 0, None, value, ())

    assert Journal("run", 1, 2.0).answer(answer_of(record), 0) is None


async def test_the_last_answer_ends_the_wait_and_so_does_the_limit() -> None:
    """With nothing to wait for it ends at once."""
    journal = Journal("run", 1, 2.0)
    results = Results(load_settings({}), journal)
    await results.until_all(60)
    journal.send(Arrival(0.0, "reserve"), 0)
    await results.until_all(0.01)
    waiting = asyncio.create_task(results.until_all(60))
    await asyncio.sleep(0)
    value = orjson.dumps({"request_id": "run.0", "outcome": "reserved", "reason": None})

    results._take([IncomingRecord("codes.results.v1", 0, 0, 0, None, value, ())])
    await waiting

    assert (0, 0) == (journal.unanswered, results.holds.take(0.0))
