"""Replies: Spring's headers, only topics that are allowed, and a word where there is none."""

import pytest

from producers.envelope import result_record
from producers.replies import MISSING_FOR_S, Reply, ReplyTopics, with_reply
from schemas.records import Headers, IncomingRecord, OutgoingRecord
from tests.fakes.builders import TOPICS, a_record, a_reserve, a_result, asked, header
from tests.fakes.time import run

RESULT = result_record(a_result(), asked(a_reserve()), TOPICS)
ALLOWED = {"answers": 3}
CORRELATION = bytes(range(240, 256))


def replied(*headers: tuple[str, bytes | None]) -> Reply:
    """The reply to a record with these headers."""
    return with_reply(RESULT, a_record(b"", headers=headers), ALLOWED)


def copy_of(reply: Reply) -> OutgoingRecord:
    """The copy that there must be."""
    assert reply.copy is not None
    return reply.copy


def test_without_a_reply_topic_there_is_no_copy() -> None:
    """And nothing is refused."""
    assert Reply(RESULT, None, refused=False) == replied()
    assert Reply(RESULT, None, refused=False) == replied(("reply-topic", b""), ("kafka_replyTopic", None))


@pytest.mark.parametrize("name", ["reply-topic", "kafka_replyTopic"])
def test_an_allowed_topic_gets_a_copy(name: str) -> None:
    """The same record, under the same key."""
    reply = replied((name, b"answers"))

    assert (RESULT, False) == (reply.result, reply.refused)
    copy = copy_of(reply)
    assert ("answers", RESULT.key, RESULT.value, RESULT.headers, None) == (
        copy.topic,
        copy.key,
        copy.value,
        copy.headers,
        copy.partition,
    )


def test_the_correlation_id_comes_back_as_it_came() -> None:
    """Sixteen bytes that are no text."""
    copy = copy_of(replied(("kafka_replyTopic", b"answers"), ("kafka_correlationId", CORRELATION)))

    assert CORRELATION == header(copy, "kafka_correlationId")


def test_a_correlation_id_of_a_megabyte_does_not() -> None:
    """The broker would refuse the answer, and the partition would stand still."""
    copy = copy_of(replied(("kafka_replyTopic", b"answers"), ("kafka_correlationId", b"x" * 1_000_000)))

    assert header(copy, "kafka_correlationId") is None


@pytest.mark.parametrize(("value", "partition"), [(b"\x00\x00\x00\x00", 0), (b"\x00\x00\x00\x02", 2)])
def test_the_asker_may_name_its_partition(value: bytes, partition: int) -> None:
    """As Spring writes it: big-endian, 32 bits."""
    copy = copy_of(replied(("kafka_replyTopic", b"answers"), ("kafka_replyPartition", value)))

    assert partition == copy.partition


@pytest.mark.parametrize("value", [b"\x00\x00\x00\x03", b"\xff\xff\xff\xff", b"\x00", b"", b"0" * 8])
def test_a_partition_that_is_not_there_is_refused(value: bytes) -> None:
    """Sending to it would fail for ever."""
    reply = replied(("kafka_replyTopic", b"answers"), ("kafka_replyPartition", value))

    assert (None, True) == (reply.copy, reply.refused)
    assert b"answers" == header(reply.result, "reply-refused")


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        (b"others", b"others"),
        (b"t.assigned.v1", b"t.assigned.v1"),
        (b"not a topic", b"not a topic name"),
        (b"\xff\xfe", b"not a topic name"),
        (b"x" * 250, b"not a topic name"),
        (b"answers\n", b"not a topic name"),
    ],
)
def test_a_topic_that_is_not_allowed_is_ignored_and_said(topic: bytes, told: bytes) -> None:
    """In the result's header, and counted; anything that is no name is not repeated."""
    reply = replied(("reply-topic", topic))

    assert (None, True) == (reply.copy, reply.refused)
    assert told == header(reply.result, "reply-refused")
    assert (RESULT.topic, RESULT.value) == (reply.result.topic, reply.result.value)


class Broker:
    """Tells how many partitions a topic has, and counts how often it is asked."""

    def __init__(self, **topics: int) -> None:
        self.topics = topics
        self.asked: list[str] = []

    async def look_up(self, name: str) -> int:
        """0: there is no such topic."""
        self.asked.append(name)
        return self.topics.get(name, 0)


def naming(*names: str) -> list[IncomingRecord]:
    """Records that name reply topics."""
    headers: list[Headers] = [(("reply-topic", name.encode()),) for name in names]
    return [a_record(b"", headers=one) for one in headers]


def test_only_allowed_topics_are_asked_for_and_once() -> None:
    """However many records name them."""
    broker = Broker(answers=3, others=1)
    replies = ReplyTopics(["answers"], broker.look_up)

    for _ in range(2):
        assert {"answers": 3} == run(replies.partitions_of(naming("answers", "others", "answers")))
    assert ["answers"] == broker.asked


def test_without_an_allowed_topic_nothing_is_asked() -> None:
    """The usual case costs nothing."""
    broker = Broker(answers=3)

    assert {} == run(ReplyTopics((), broker.look_up).partitions_of(naming("answers")))
    assert [] == broker.asked


def test_a_topic_that_is_missing_is_asked_for_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with every batch, and not never."""
    now = [1_000.0]
    monkeypatch.setattr("producers.replies.monotonic", lambda: now[0])
    broker = Broker()
    replies = ReplyTopics(["answers"], broker.look_up)

    assert {} == run(replies.partitions_of(naming("answers")))
    broker.topics["answers"] = 2
    now[0] += MISSING_FOR_S - 1
    assert {} == run(replies.partitions_of(naming("answers")))
    now[0] += 1
    assert {"answers": 2} == run(replies.partitions_of(naming("answers")))
    assert 2 == len(broker.asked)


def test_after_a_failure_all_are_asked_for_anew() -> None:
    """A reply topic that is gone must not hold up a partition for good."""
    broker = Broker(answers=3)
    replies = ReplyTopics(["answers"], broker.look_up)
    run(replies.partitions_of(naming("answers")))
    del broker.topics["answers"]

    replies.forget()

    assert {} == run(replies.partitions_of(naming("answers")))
