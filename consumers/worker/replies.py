"""Which reply topics a partition's next batch may copy its results to.

In:       records of one batch, and how emitting their outputs went.
Out:      the reply topics that may have copies.
Promise:  copies are left out where these topics fail, and only then; results and events never are.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from producers.reply_topics import PartitionReplies, ReplyTopics
from schemas.errors import EmitFailed
from schemas.records import IncomingRecord

UNEXPLAINED_MAX: Final = 4
"""Failures in a row that name no topic; the next try leaves all copies out, to see whether they are the cause. The
number doubles after each such try that fails too: then Kafka is the cause, and copies are not to be lost for it."""


class ReplyCopies:
    """Lives as long as its partition is served here."""

    def __init__(self, topics: ReplyTopics) -> None:
        self._topics = PartitionReplies(topics)
        self._unexplained = 0
        self._unexplained_max = UNEXPLAINED_MAX
        self._left_out: Collection[str] = ()
        """Topics that the batch in hand names, and has no copies for, as a test."""

    async def allowed(self, records: Sequence[IncomingRecord]) -> Mapping[str, int]:
        """The reply topics that these records name and may have, with their numbers of partitions."""
        wanted = await self._topics.partitions_of(records)
        is_test = self._unexplained >= self._unexplained_max
        self._left_out = wanted.keys() if is_test else ()
        return {} if is_test else wanted

    def failed(self, copied_to: frozenset[str], why: EmitFailed) -> None:
        """The batch was not emitted. A failure that names only our own topics is no failure of reply topics."""
        self._topics.failed(copied_to & why.topics)
        if self._left_out:
            self._unexplained = 0
            self._unexplained_max *= 2
        elif copied_to and not why.topics:
            self._unexplained += 1

    def delivered(self, copied_to: frozenset[str]) -> None:
        """The batch was emitted. If it failed with copies before, and not without, they are the cause."""
        self._topics.delivered(copied_to)
        self._topics.failed(self._left_out, "suspected")
        self._unexplained, self._unexplained_max = 0, UNEXPLAINED_MAX
