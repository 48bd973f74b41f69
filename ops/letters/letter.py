"""A dead letter: the record that was rejected, where it was, and why.

In:       a record of `dead-letters.v1`.
Out:      `Letter`; `Address`, which a person may type.
Promise:  any record of the topic can be read, also one that somebody else wrote.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from ops.broker.records import text
from producers.envelope import OWN_HEADERS
from schemas.records import Headers, IncomingRecord
from schemas.topics import DEAD_LETTERS, Topics

REPLAYED_FROM: Final = "replayed-from"
ADDRESS: Final = re.compile(r"([0-9]{1,9})@([0-9]{1,18})")
NUMBER: Final = re.compile(r"[0-9]{1,18}")
BATCH: Final = re.compile(r"offsets [0-9]+ to [0-9]+ cannot be read: ")
"""How `UnreadableBatch.detail` begins."""


class Address(NamedTuple):
    """Where a dead letter is."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"


class Origin(NamedTuple):
    """Where the rejected record was."""

    topic: str
    """Full name."""
    partition: int
    offset: int
    timestamp: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter."""

    record: IncomingRecord
    address: Address
    origin: Origin | None
    """None if its headers do not say it: the service did not write it."""
    reason: str
    detail: str

    @property
    def is_batch(self) -> bool:
        """Whether it is a range of offsets that could not be taken apart."""
        return BATCH.match(self.detail) is not None

    @property
    def fields(self) -> str:
        """The fields at fault; empty if the reason is none of the record's."""
        if self.is_batch:
            return ""
        parts = (part.partition(": ") for part in self.detail.split("; "))
        return ", ".join(dict.fromkeys(name for name, colon, _ in parts if colon))

    @property
    def sender_headers(self) -> Headers:
        """The record's own headers, except where an earlier replay of it came from."""
        return tuple(
            (name, value)
            for name, value in self.record.headers
            if not name.startswith(OWN_HEADERS) and name != REPLAYED_FROM
        )

    def identity(self, topics: Topics) -> str | None:
        """The rejected record, whichever dead letter holds it.

        The timestamp tells records apart that had the same place, because their topic was deleted in between.
        """
        if self.origin is None:
            return None
        topic, partition, offset, timestamp = self.origin
        return f"{topics.bare(topic)}.{partition}@{offset}/{timestamp}"

    @property
    def replayed_from(self) -> tuple[str, bytes]:
        """The header of its replay."""
        return (REPLAYED_FROM, f"{DEAD_LETTERS.name}/{self.address}".encode())


def letter_of(record: IncomingRecord) -> Letter:
    return Letter(
        record=record,
        address=Address(record.partition, record.offset),
        origin=origin_of(record),
        reason=text(record.header("dlq-reason")),
        detail=text(record.header("dlq-detail")),
    )


def origin_of(record: IncomingRecord) -> Origin | None:
    topic, partition, offset, timestamp = (
        text(record.header(f"dlq-{name}")) for name in ("topic", "partition", "offset", "timestamp")
    )
    if not topic or NUMBER.fullmatch(partition) is None or NUMBER.fullmatch(offset) is None:
        return None
    return Origin(topic, int(partition), int(offset), timestamp)


def address_of(typed: str) -> Address:
    """Raises ValueError if it is not `PARTITION@OFFSET`."""
    found = ADDRESS.fullmatch(typed)
    if found is None:
        raise ValueError("expected PARTITION@OFFSET, such as 3@17")
    return Address(int(found[1]), int(found[2]))
