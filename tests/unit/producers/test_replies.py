"""Replies: Spring's headers, only topics that are allowed, and a word where there is none."""

import pytest

from producers.envelope import result_record
from producers.replies import Reply, with_reply
from schemas.records import OutgoingRecord
from tests.fakes.builders import TOPICS, a_record, a_reserve, a_result, asked, header

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
    ("topic", "named"),
    [
        (b"others", b"others"),
        (b"t.assigned.v1", b"t.assigned.v1"),
        (b"not a topic", b"not a topic name"),
        (b"\xff\xfe", b"not a topic name"),
        (b"x" * 250, b"not a topic name"),
        (b"answers\n", b"not a topic name"),
    ],
)
def test_a_topic_that_is_not_allowed_is_ignored_and_said(topic: bytes, named: bytes) -> None:
    """In the result's header, and counted; anything that is no name is not repeated."""
    reply = replied(("reply-topic", topic))

    assert (None, True) == (reply.copy, reply.refused)
    assert named == header(reply.result, "reply-refused")
    assert (RESULT.topic, RESULT.value) == (reply.result.topic, reply.result.value)
