"""Batches with a wrong checksum: fetched again, and stepped over when the same bytes come every time.

In:       where a corrupt batch begins, and the bytes of the fetch.
Out:      `Suspects`, which counts how often the same bytes came; `corrupt_range`, which says where to go on.
Promise:  an error of the transfer heals by another fetch. Nothing that the batch says of itself is believed where the
          next batch says it better, and no offset beyond what the broker has shown is ever chosen.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple
from zlib import crc32

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from consumers.loop.batches import CURRENT_MAGIC, HEADER_BYTES, MAGIC_AT, NO_TIMESTAMP, LenientBatch

SAME_BYTES_TIMES: Final = 5
"""Fetches that bring the same corrupt bytes before they are stepped over."""
LENGTH_AT: Final = 8
"""Where a batch says its length; what is before and the length itself do not count in it."""
COUNTED_FROM: Final = 12
OLD_HEADER_BYTES: Final = 26
"""The least that a message of the formats 0 and 1 has."""
SUSPECTS_MAX: Final = 1_024
"""Corrupt batches that are remembered; the one that was seen last is forgotten last."""
LAST_DELTA_AT: Final = 23
FIRST_TIMESTAMP_AT: Final = 27


@dataclass(frozen=True, slots=True)
class Suspect:
    """A corrupt batch, and how often in a row it came with the same bytes."""

    digest: int
    times: int


class Suspects:
    """Of all consumers of this process: a consumer that is made anew goes on counting.

    By partition and offset: two readers of one partition may each be at a corrupt batch of their own.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[TopicPartition, int], Suspect] = OrderedDict()

    def is_certain(self, source: TopicPartition, offset: int, content: memoryview) -> bool:
        """Whether these bytes came `SAME_BYTES_TIMES` in a row at this offset.

        Raises:
            CorruptRecordException: other bytes came than the last time: the way to the broker is broken. Wait.
        """
        last, digest = self._last.pop((source, offset), None), crc32(content)
        is_same = last is not None and last.digest == digest
        times = last.times + 1 if last is not None and is_same else 1
        self._last[source, offset] = Suspect(digest, min(times, SAME_BYTES_TIMES))
        if len(self._last) > SUSPECTS_MAX:
            self._last.popitem(last=False)
        if last is not None and not is_same:
            raise CorruptRecordException(f"{source}: a wrong checksum at {offset}, each time over other bytes")
        return times >= SAME_BYTES_TIMES


class CorruptRange(NamedTuple):
    """What is stepped over."""

    next_offset: int
    """The first offset behind it."""
    length: int
    """Bytes of the fetch."""
    earliest_ms: int
    """The time of what follows it: assigns behind it may be as old."""


def corrupt_range(content: memoryview, position: int, end: int) -> CorruptRange:
    """How far a corrupt batch at the beginning of `content` reaches.

    Up to the next batch with a right checksum, if the fetch has it. Else its own header is believed as far as it is
    possible: more than one offset, and not beyond `end`, which is where the log ends for this reader. A header that
    says too little costs another step, one that says too much hides what is behind it from the broker too.
    """
    for start in next_starts(content):
        found = whole_batch(content[start:])
        if found is not None and found.is_sound and position < found.base_offset < end:
            return CorruptRange(found.base_offset, start, found.earliest_ms)
    claimed = min(claimed_next_offset(content), end)
    return CorruptRange(max(claimed, position + 1), len(content), NO_TIMESTAMP)


def next_starts(content: memoryview) -> list[int]:
    """Where the next batch may begin: behind the length that is claimed, else at any byte that could be its magic."""
    claimed = frame_length(content)
    starts = [] if claimed is None else [claimed]
    plain = bytes(content)
    at = plain.find(b"\x02", MAGIC_AT + 1)
    while at >= 0:
        starts.append(at - MAGIC_AT)
        at = plain.find(b"\x02", at + 1)
    return starts


def frame_length(content: memoryview) -> int | None:
    """The length that the batch at the beginning claims; None if it is shorter than a header, or not all here."""
    if len(content) <= MAGIC_AT:
        return None
    length = COUNTED_FROM + int.from_bytes(content[LENGTH_AT:COUNTED_FROM], "big", signed=True)
    shortest = HEADER_BYTES if content[MAGIC_AT] >= CURRENT_MAGIC else OLD_HEADER_BYTES
    return length if shortest <= length <= len(content) else None


def whole_batch(content: memoryview) -> LenientBatch | None:
    """The batch at the beginning, if it is all here; its checksum may be wrong."""
    length = frame_length(content)
    try:
        return None if length is None else LenientBatch(content[:length])
    except CorruptRecordException:  # the old formats are taken apart at once
        return None


def claimed_next_offset(content: memoryview) -> int:
    """What the header says."""
    base = int.from_bytes(content[:LENGTH_AT], "big", signed=True)
    return base + int.from_bytes(content[LAST_DELTA_AT:FIRST_TIMESTAMP_AT], "big", signed=True) + 1
