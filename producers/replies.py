"""Results copied to a topic of the sender's own, in the manner of Spring's request and reply.

In:       a result's record, and the request record that caused it.
Out:      the record for the reply topic, or the result with a header that names the reason why there is none.
Promise:  only topics that are allowed, exist, and have the partition asked for are written to.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.records import IncomingRecord, OutgoingRecord

REPLY_TOPIC_HEADERS: Final = ("reply-topic", "kafka_replyTopic")
REPLY_PARTITION_HEADER: Final = "kafka_replyPartition"
CORRELATION_HEADER: Final = "kafka_correlationId"
CORRELATION_BYTES_MAX: Final = 262_144
"""As long as all headers of a readable record may be; a longer one could make the answer too large to send."""
REFUSED_HEADER: Final = "reply-refused"
TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
PARTITION_BYTES: Final = 4
"""Spring writes the partition as a big-endian 32-bit integer."""


class Reply(NamedTuple):
    """A result and, if the sender may have one, its copy."""

    result: OutgoingRecord
    copy: OutgoingRecord | None
    refused: bool
    """The sender named a topic that it may not have."""


def with_reply(result: OutgoingRecord, cause: IncomingRecord, allowed: Mapping[str, int]) -> Reply:
    """The result, and its copy where one was requested. `allowed` is each allowed topic's number of partitions."""
    wanted = reply_topic(cause)
    if wanted is None:
        return Reply(result, None, refused=False)
    partition = reply_partition(cause)
    if wanted not in allowed or (partition is not None and not 0 <= partition < allowed[wanted]):
        reason = wanted if TOPIC_NAME.fullmatch(wanted) else "not a topic name"
        return Reply(with_header(result, REFUSED_HEADER, reason.encode()), None, refused=True)
    return Reply(result, copy_for(result, cause, wanted, partition), refused=False)


def reply_topic(cause: IncomingRecord) -> str | None:
    """The topic that the sender names, if any."""
    if not cause.headers:
        return None
    for name in REPLY_TOPIC_HEADERS:
        value = cause.header(name)
        if value:
            return value.decode(errors="replace")
    return None


def reply_partition(cause: IncomingRecord) -> int | None:
    """The partition that the sender listens to, if it names one; -1 if what it names is no partition."""
    value = cause.header(REPLY_PARTITION_HEADER)
    if value is None:
        return None
    return int.from_bytes(value, "big", signed=True) if len(value) == PARTITION_BYTES else -1


def copy_for(result: OutgoingRecord, cause: IncomingRecord, topic: str, partition: int | None) -> OutgoingRecord:
    """The same record for the reply topic, with the correlation id as it came."""
    correlation = cause.header(CORRELATION_HEADER)
    copy = result._replace(topic=topic, partition=partition)
    if correlation is None or len(correlation) > CORRELATION_BYTES_MAX:
        return copy
    return with_header(copy, CORRELATION_HEADER, correlation)


def with_header(record: OutgoingRecord, name: str, value: bytes) -> OutgoingRecord:
    """The record with one header more."""
    return record._replace(headers=(*record.headers, (name, value)))
