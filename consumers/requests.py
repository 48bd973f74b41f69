"""A batch of request records, decided and answered: decode, gather, plan, apply, emit.

In:       records of one partition of a request topic, in order.
Out:      one result per readable request, one dead letter per unreadable record, and the events.
Promise:  offsets move only together with what they caused. A crash repeats work; a repeat gives the same outputs.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from consumers.decode import SizeLimits, decode_request
from consumers.failpoints import Failpoint
from consumers.observer import BatchReport, Observer, Subject
from consumers.outputs import Outputs, Speaker, outputs_of
from consumers.stopwatch import Stopwatch
from consumers.tracing import UNTRACED, Tracer
from consumers.waiting import step_aside, wait_out
from handlers.plan import Plan, plan_batch
from producers.emitters import Emitter
from producers.replies import ReplyTopics
from schemas.errors import EmitFailed, FactsStale, PlanTooLarge, StoreRefused, StoreUnavailable
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request
from schemas.settings import WorkerSettings
from schemas.topics import Topics
from stores.port import CodeStore

T = TypeVar("T")

CODES_PER_PLAN_MAX: Final = 2_000
"""Codes that one transaction moves. Requests may want 100 each: 500 of them would keep a database busy for longer
than `mongo.timeout_ms`, and a batch that never ends in time would be tried for ever."""
UNPROCESSABLE: Final = "the database refuses what this request would write"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a batch came to: plans that are written, and requests that no plan can be written for."""

    plans: tuple[Plan, ...] = ()
    unprocessable: tuple[Rejected, ...] = ()

    def __add__(self, other: "Decided") -> "Decided":
        return Decided(self.plans + other.plans, self.unprocessable + other.unprocessable)


def utc_now() -> datetime:
    """The time of a decision, where no test says another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all partitions of a worker share."""

    topics: Topics
    group: str
    limits: WorkerSettings
    observer: Observer
    failpoint: Failpoint
    replies: ReplyTopics
    clock: Callable[[], datetime] = utc_now
    tracer: Tracer = UNTRACED


class RequestPartition:
    """Decides and answers the requests of one partition."""

    def __init__(self, shard: str, topic: str, store: CodeStore, around: Surroundings) -> None:
        """`topic` and `shard` are names without the prefix."""
        self._shard = shard
        self._topic = topic
        self._store = store
        self._around = around
        self._sizes = SizeLimits(
            around.limits.record_bytes_max, around.limits.key_bytes_max, around.limits.header_bytes_max
        )

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""
        await self._once_there(self._store.take_over)

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
        decided = await self._decide(asked, watch) if asked else Decided()
        self._around.failpoint.reached("after_apply")
        rejections = [one for one in read if isinstance(one, Rejected)] + list(decided.unprocessable)
        with watch.step("emit"):
            outputs = await self._outputs(records, decided.plans, rejections)
            await self._emit(outputs, records[-1].offset + 1, emitter)
        self._around.failpoint.reached("after_emit")
        for rejected in rejections:
            self._around.observer.rejected(rejected)
        self._around.observer.batch_done(report(records, decided.plans, rejections, outputs, watch))

    async def _emit(self, outputs: Outputs, next_offset: int, emitter: Emitter) -> None:
        """Send it all; if that fails, a reply topic may be gone, so they are looked up anew before the next try."""
        try:
            with self._around.tracer.sending(len(outputs.records)):
                await emitter.emit(outputs.records, next_offset)
        except EmitFailed:
            self._around.replies.forget()
            raise

    async def _outputs(
        self, records: Sequence[IncomingRecord], plans: Sequence[Plan], rejections: Sequence[Rejected]
    ) -> Outputs:
        allowed = await self._around.replies.partitions_of(records)
        return outputs_of(
            plans, rejections, Speaker(self._around.topics, self._around.group, allowed, self._around.clock())
        )

    async def _decide(self, requests: Sequence[Asked[Request]], watch: Stopwatch) -> Decided:
        """Decide a batch; by halves if it moves too much, others are always faster or the database refuses it.

        A refusal of a single request is believed only when it is repeated and the ledger has no answer: an earlier
        try of which nothing was heard may have been committed, and then its codes are the fan's.
        """
        attempt = 0
        while attempt < self._around.limits.attempts_max or len(requests) == 1:
            try:
                return Decided(plans=(await self._try(requests, watch),))
            except FactsStale as why:
                self._around.observer.conflict(requests[0].record.topic, requests[0].record.partition, why.cause)
            except (StoreRefused, PlanTooLarge) as why:
                self._count(why, requests[0])
                if len(requests) > 1:
                    break
                if attempt >= self._around.limits.attempts_max and not await self._is_decided(requests[0]):
                    self._around.observer.refused(subject(requests[0]), why)
                    return Decided(unprocessable=(unprocessable(requests[0]),))
            await step_aside(attempt)
            attempt += 1
        middle = len(requests) // 2
        first = await self._decide(requests[:middle], watch)
        return first + await self._decide(requests[middle:], watch)

    def _count(self, why: StoreRefused | PlanTooLarge, asked: Asked[Request]) -> None:
        if isinstance(why, StoreRefused):
            self._around.observer.store_refused(asked.record.topic, why.cause)

    async def _is_decided(self, asked: Asked[Request]) -> bool:
        facts = await self._once_there(lambda: self._store.gather([asked]))
        return asked.request.request_id in facts.decided

    async def _try(self, requests: Sequence[Asked[Request]], watch: Stopwatch) -> Plan:
        """Gather, plan and apply once; wait out a database that is away."""

        async def once() -> Plan:
            with watch.step("gather"):
                facts = await self._store.gather(requests)
            with watch.step("plan"):
                plan = plan_batch(requests, facts, shard=self._shard, now=self._around.clock())
                check_size(plan)
            self._around.failpoint.reached("before_apply")
            with watch.step("apply"):
                await self._store.apply(plan)
            return plan

        return await self._once_there(once)

    async def _once_there(self, work: Callable[[], Awaitable[T]]) -> T:
        backoff_max_s = self._around.limits.backoff_max_ms / 1000
        return await wait_out(
            work, "mongo", self._around.observer, away=StoreUnavailable, backoff_max_s=backoff_max_s
        )


def check_size(plan: Plan) -> None:
    """Raises PlanTooLarge if it moves more codes than one transaction should."""
    codes = sum(map(len, plan.code_moves.values()))
    if codes > CODES_PER_PLAN_MAX:
        raise PlanTooLarge(f"{codes} codes, at most {CODES_PER_PLAN_MAX}")


def subject(asked: Asked[Request]) -> Subject:
    """A request by its ids and its place."""
    record, request = asked.record, asked.request
    return Subject(record.topic, record.partition, record.offset, request.request_id, request.campaign_id)


def unprocessable(asked: Asked[Request]) -> Rejected:
    """A request that is readable and yet breaks every batch it is in."""
    request = asked.request
    return Rejected(
        reason="unprocessable",
        detail=UNPROCESSABLE,
        record=asked.record,
        operation=request.operation,
        request_id=request.request_id,
        campaign_id=request.campaign_id,
        fan_id=request.fan_id,
    )


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
