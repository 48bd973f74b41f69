"""Generated request records: every kind of content, and every kind of key, headers and timestamp around one.

Out: `Fuzzed`, `a_fuzzed_record`, `KINDS`.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from schemas.records import Headers, IncomingRecord
from schemas.topics import REQUEST_TOPICS
from tests.fakes.builders import PREFIX
from tests.fakes.fuzz_contents import CONTENTS
from tests.fakes.rejections import CANARY

TEXT: Final = CANARY.encode()
TOPIC_NAMES: Final = tuple(topic.name for topic in REQUEST_TOPICS)
NOW_MS: Final = 1_795_485_600_000
TIMES_MS: Final = (-1, -(2**40), 0, 2**45, 2**60)
"""No time, before 1970, far beyond the year 9999."""


class Fuzzed(NamedTuple):
    """One record as it is sent."""

    kind: str
    is_bad: bool
    """Whether it can never be a request."""
    topic: str
    """Without the prefix."""
    value: bytes | None
    key: bytes | None = b"key"
    headers: Headers = ()
    """A name that is not UTF-8 has surrogates."""
    timestamp_ms: int = NOW_MS

    def incoming(self, offset: int, partition: int = 0) -> IncomingRecord:
        """The record as the worker's loop hands it on."""
        place = PREFIX + self.topic, partition, offset
        return IncomingRecord(*place, self.timestamp_ms, self.key, self.value, self.headers)


Around = Callable[[Random, Fuzzed], Fuzzed]
"""Changes all but the content."""


def header_name(random: Random, record: Fuzzed) -> Fuzzed:
    name = (random.choice((b"\xff\xfe", b"\xc3", b"\xed\xa0\x80")) + TEXT).decode(errors="surrogateescape")
    return record._replace(headers=(("note", TEXT), (name, TEXT)), is_bad=True)


def header_value(random: Random, record: Fuzzed) -> Fuzzed:
    value = TEXT + random.choice((b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80"))
    return record._replace(headers=((random.choice(("note", "traceparent", "ce_id", "")), value),), is_bad=True)


def null_header(random: Random, record: Fuzzed) -> Fuzzed:
    names = random.sample(("note", "traceparent", "reply-topic", "kafka_replyPartition", "ce_id", ""), 3)
    return record._replace(headers=tuple((name, None) for name in names))


def many_headers(random: Random, record: Fuzzed) -> Fuzzed:
    value = TEXT * random.choice((1, 20))
    headers = tuple((f"note-{number}", value) for number in range(random.choice((50, 500))))
    return record._replace(headers=headers)


def our_headers(random: Random, record: Fuzzed) -> Fuzzed:
    """Those that results and dead letters have of their own, and those that ask for a reply."""
    traced = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    found = (
        ("dlq-detail", TEXT),
        ("dlq-offset", b"0"),
        ("ce_id", TEXT),
        ("content-type", TEXT),
        ("traceparent", random.choice((traced, TEXT * 100, b"", b"\n"))),
        ("reply-topic", random.choice((TEXT, b"", b"../..", b"x" * 300, b"\x00"))),
        ("kafka_replyPartition", random.choice((b"", b"\x00\x00\x00\x01", b"\xff" * 4, TEXT))),
        ("kafka_correlationId", random.randbytes(16)),
    )
    return record._replace(headers=tuple(random.sample(found, random.randint(1, len(found)))))


def key(random: Random, record: Fuzzed) -> Fuzzed:
    return record._replace(key=random.choice((None, b"", TEXT, b"\xff\xfe", TEXT * 200)))


def huge_key(random: Random, record: Fuzzed) -> Fuzzed:
    return record._replace(key=TEXT * random.choice((400, 6_000)), is_bad=True)


def timestamp(random: Random, record: Fuzzed) -> Fuzzed:
    return record._replace(timestamp_ms=random.choice(TIMES_MS))


AROUND: Final[Mapping[str, Around]] = {
    "header name": header_name,
    "header value": header_value,
    "null header": null_header,
    "many headers": many_headers,
    "our headers": our_headers,
    "key": key,
    "huge key": huge_key,
    "timestamp": timestamp,
}
KINDS: Final = (*CONTENTS, *AROUND)


def a_fuzzed_record(random: Random, number: int) -> Fuzzed:
    """The kinds take turns; what surrounds a content comes with good ones and bad ones."""
    kind, topic = KINDS[number % len(KINDS)], random.choice(TOPIC_NAMES)
    if kind in CONTENTS:
        return of_content(random, kind, topic, number)
    content = of_content(random, random.choice(("good", "good", *CONTENTS)), topic, number)
    return AROUND[kind](random, content)._replace(kind=kind)


def of_content(random: Random, kind: str, topic: str, number: int) -> Fuzzed:
    """A record of this content."""
    content = CONTENTS[kind]
    return Fuzzed(kind, content.is_bad, topic, content.make(random, topic, number))
