"""A decided batch answered: outputs made, sent with the offset, and reply topics kept from holding up the partition.

In:       records of one batch, what they came to, an emitter.
Out:      all outputs and the offset, or an error after which the batch is read and answered again.
Promise:  copies for reply topics are left out where these topics fail, and only then; results and events never are.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from consumers.worker.context import Surroundings
from consumers.worker.outputs import Outputs, Speaker, outputs_of
from handlers.requests.plan import Plan
from producers.emitters import Emitter
from producers.reply_topics import PartitionReplies
from schemas.errors import EmitFailed
from schemas.records import IncomingRecord, Rejected

UNEXPLAINED_MAX: Final = 4
"""Failures in a row that name no topic; the next try leaves all copies out, to see whether they are the cause. The
number doubles after each such try that fails too: then Kafka is the cause, and copies are not to be lost for it."""


class Answering:
    """Lives as long as its partition is served here."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._replies = PartitionReplies(around.replies)
        self._unexplained = 0
        self._unexplained_max = UNEXPLAINED_MAX

    async def answer(
        self,
        records: Sequence[IncomingRecord],
        plans: Sequence[Plan],
        rejections: Sequence[Rejected],
        emitter: Emitter,
    ) -> Outputs:
        """Send all that a batch came to, with its offset.

        Raises:
            PartitionFenced, EmitFailed: see `Emitter.emit`.
        """
        wanted = await self._replies.partitions_of(records)
        is_without = bool(wanted) and self._unexplained >= self._unexplained_max
        outputs = self._outputs(plans, rejections, {} if is_without else wanted)
        try:
            with self._around.tracer.sending(len(outputs.records)):
                await emitter.emit(outputs.records, records[-1].offset + 1)
        except EmitFailed as why:
            self._failed(outputs, why, is_without=is_without)
            raise
        self._delivered(outputs, wanted if is_without else ())
        return outputs

    def _outputs(self, plans: Sequence[Plan], rejections: Sequence[Rejected], allowed: Mapping[str, int]) -> Outputs:
        around = self._around
        return outputs_of(plans, rejections, Speaker(around.topics, around.group, allowed, around.clock()))

    def _failed(self, outputs: Outputs, why: EmitFailed, *, is_without: bool) -> None:
        """A failure that names our own topics alone says nothing of reply topics."""
        self._replies.failed(outputs.copied_to & why.topics)
        if is_without:
            self._unexplained = 0
            self._unexplained_max *= 2
        elif outputs.copied_to and not why.topics:
            self._unexplained += 1

    def _delivered(self, outputs: Outputs, left_out: Mapping[str, int] | tuple[()]) -> None:
        self._replies.delivered(outputs.copied_to)
        self._replies.failed(left_out, "suspected")
        self._unexplained, self._unexplained_max = 0, UNEXPLAINED_MAX
