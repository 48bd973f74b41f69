"""Which dead letters a command is about.

In:       what the options say.
Out:      `Choice`: the offsets to read of each partition, and whether a dead letter is one of those chosen.
"""

from dataclasses import dataclass
from typing import Self

from ops.letters.letter import Address, Letter


@dataclass(frozen=True, slots=True)
class Choice:
    """All of them, unless a field says less."""

    topic: str | None = None
    """Full name of the topic that the record was on."""
    reasons: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    partition: int | None = None
    """Of `dead-letters.v1`, like the offsets."""
    first_offset: int = 0
    last_offset: int | None = None
    waiting: bool = False
    """Only those that were not replayed."""

    @classmethod
    def at(cls, address: Address) -> Self:
        """The one at this address."""
        return cls(partition=address.partition, first_offset=address.offset, last_offset=address.offset)

    def span(self, partition: int, *, beginning: int, end: int) -> tuple[int, int]:
        """The offsets to read, the last one excluded; at the end if there is nothing to read."""
        if self.partition not in {None, partition}:
            return end, end
        start = max(beginning, self.first_offset)
        stop = end if self.last_offset is None else min(end, self.last_offset + 1)
        return (start, stop) if start < stop else (end, end)

    def includes(self, letter: Letter, *, is_replayed: bool) -> bool:
        at_ms = letter.record.timestamp_ms
        if self.waiting and is_replayed:
            return False
        if self.topic is not None and (letter.origin is None or letter.origin.topic != self.topic):
            return False
        if self.reasons and letter.reason not in self.reasons:
            return False
        return (self.since_ms or 0) <= at_ms and (self.until_ms is None or at_ms < self.until_ms)
