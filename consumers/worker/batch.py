"""A batch of request records, decided and answered: decode, gather, plan, apply, emit.

In:       records of one partition of a request topic, in order.
Out:      one result per readable request, one dead letter per unreadable record, and the events.
Promise:  offsets move only together with what they caused. A crash repeats work; a repeat gives the same outputs.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from consumers.decode import SizeLimits, decode_request
from consumers.worker.answering import Answering
from consumers.worker.context import Surroundings
from consumers.worker.deciding import Decided, Deciding
from consumers.worker.outputs import Outputs
from consumers.worker.stopwatch import Stopwatch
from handlers.requests.plan import Plan
from producers.emitters import Emitter
from schemas.observation.requests import BatchReport, DeadLetterWritten
from schemas.records import Asked, IncomingRecord, Rejected
from stores.code_port import CodeStore


class RequestPartition:
    """Decides and answers the requests of one partition."""

    def __init__(self, shard: str, topic: str, store: CodeStore, around: Surroundings) -> None:
        """`topic` and `shard` are names without the prefix."""
        self._topic = topic
        self._around = around
        self._deciding = Deciding(shard, store, around)
        self._answering = Answering(around)
        self._sizes = SizeLimits(
            around.limits.record_bytes_max, around.limits.key_bytes_max, around.limits.header_bytes_max
        )

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""
        await self._deciding.take_over()

    async def serve(
        self,
        records: Sequence[IncomingRecord],
        emitter: Emitter,
        stopping: asyncio.Event,  # noqa: ARG002  # a batch is short: it is finished
    ) -> None:
        """Take one batch all the way.

        Raises:
            PartitionFenced, EmitFailed: see `Emitter.emit`. What was decided stays decided and is told again.
        """
        with self._around.tracer.processing(self._around.group, records):
            await self._serve(records, emitter)

    async def _serve(self, records: Sequence[IncomingRecord], emitter: Emitter) -> None:
        watch = Stopwatch(self._around.tracer)
        with watch.step("decode"):
            read = [decode_request(record, self._topic, self._sizes) for record in records]
        asked = [one for one in read if isinstance(one, Asked)]
        decided = await self._deciding.decide(asked, watch) if asked else Decided()
        self._around.failpoint.reached("after_apply")
        rejections = [one for one in read if isinstance(one, Rejected)] + list(decided.unprocessable)
        with watch.step("emit"):
            outputs = await self._answering.answer(records, decided.plans, rejections, emitter)
        self._around.failpoint.reached("after_emit")
        for rejected in rejections:
            self._around.observer.observe(DeadLetterWritten(rejected))
        self._around.observer.observe(report(records, decided.plans, rejections, outputs, watch))


def report(
    records: Sequence[IncomingRecord],
    plans: Sequence[Plan],
    rejections: Sequence[Rejected],
    outputs: Outputs,
    watch: Stopwatch,
) -> BatchReport:
    """The batch by figures."""
    answers = [answer for plan in plans for answer in plan.answers]
    return BatchReport(
        topic=records[0].topic,
        partition=records[0].partition,
        first_offset=records[0].offset,
        last_offset=records[-1].offset,
        outcomes=Counter(answer.result.outcome for answer in answers),
        refusals=Counter(answer.result.reason for answer in answers if answer.result.reason is not None),
        rejections=Counter(rejected.reason for rejected in rejections),
        repeats=sum(answer.repeated for answer in answers),
        replies_refused=outputs.replies_refused,
        seconds=watch.seconds,
    )
