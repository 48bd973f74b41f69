"""A batch of request records taken through its five steps: decode, gather, plan, apply, emit.

In:       records of one partition of a request topic, in order.
Out:      one result per readable request, one dead letter per unreadable or unprocessable record, and the events.
Promise:  offsets are never committed before their outputs; with `exactly_once` they are committed in the same
          transaction. A crash repeats work, and the ledger makes a repeat return the stored outcomes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from consumers.decode import SizeLimits, decode_request
from consumers.worker.authorizing import Authorization
from consumers.worker.context import WorkerContext
from consumers.worker.isolation import Decided, Isolation
from consumers.worker.outputs import BatchRecords, Outputs, batch_records, with_copies
from consumers.worker.replies import ReplyCopies
from consumers.worker.report import answers_visible, observe_batch
from consumers.worker.stopwatch import Stopwatch
from handlers.requests.facts import Facts
from handlers.requests.plan import Plan, check_size, plan_batch
from producers.emitters import Emitter
from schemas.errors import BatchTooSlow, EmitFailed, StoreUnavailable
from schemas.observation.answers import AnswersVisible
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request
from schemas.topics import OPERATIONS
from stores.code_port import CodeStore

Requests = Sequence[Asked[Request]]


class RequestPartition:
    """Decides and answers the requests of one partition; lives as long as it is served here."""

    def __init__(self, shard: str, topic: str, store: CodeStore, context: WorkerContext) -> None:
        """`topic` and `shard` are names without the prefix."""
        self._shard = shard
        self._topic = topic
        self._store = store
        self._context = context
        self._isolation = Isolation(store, context)
        self._replies = ReplyCopies(context.replies)
        self._sizes = SizeLimits.of(context.limits, context.formats)
        self._authorization = Authorization(context.authorizer, store, context.key_retries, context.mongo_retries)
        self._breaker = context.breakers.of(shard)

    async def take_over(self) -> None:
        """See `PartitionWork.take_over`."""
        await self._context.mongo_retries.run(self._store.take_over)

    async def serve(
        self,
        records: Sequence[IncomingRecord],
        emitter: Emitter,
        stopping: asyncio.Event,  # noqa: ARG002  # a batch is short: it is finished
    ) -> None:
        """Take one batch through all steps.

        Raises:
            PartitionFenced, EmitFailed: see `Emitter.emit`. What was decided stays decided and is emitted again.
            PartitionPaused: too many consecutive dead letters. Those up to the limit are committed.
        """
        self._breaker.check(records[0].offset)
        context, watch = self._context, Stopwatch(self._context.tracer)
        with context.tracer.processing(context.group, records):
            read = self._decode(records, watch)
            left = records[len(read)].offset if len(read) < len(records) else None
            records = records[: len(read)]
            requests = [found for found in read if isinstance(found, Asked)]
            unreadable = [found for found in read if isinstance(found, Rejected)]
            allowed, unauthorized = await self._authorization.split(requests)
            decided = Decided()
            if allowed:
                decided = await self._isolation.write_or_isolate(allowed, partial(self._write_with_retries, watch))
            context.failpoint.reached("after_apply")
            rejections = [*unreadable, *unauthorized, *decided.unprocessable]
            outputs = await self._emit(records, decided.plans, rejections, emitter, watch)
            context.failpoint.reached("after_emit")
            observe_batch(context.observer, records, decided.plans, rejections, outputs, watch.seconds)
            context.observer.observe(self._answers_visible(decided.plans, rejections))
        self._breaker.count(records, rejections, left)

    def _decode(self, records: Sequence[IncomingRecord], watch: Stopwatch) -> list[Asked[Request] | Rejected]:
        """Bytes to requests, up to where the breaker opens; a record that cannot be read becomes a rejection."""
        with watch.step("decode"):
            read = [decode_request(record, self._topic, self._sizes) for record in records]
        return read[: self._breaker.admitted(read)]

    async def _write_with_retries(
        self, watch: Stopwatch, requests: Requests, inconsistent: Mapping[str, str]
    ) -> Plan:
        """Decide and write these requests; while MongoDB is unavailable, retry from `gather` on.

        Raises:
            FactsStale, BatchTooSlow, StoreRefused, PlanTooLarge: see `Isolation.write_or_isolate`.
        """
        return await self._context.mongo_retries.run(self._attempt, watch, requests, inconsistent)

    async def _attempt(self, watch: Stopwatch, requests: Requests, inconsistent: Mapping[str, str]) -> Plan:
        facts = await self._gather(requests, watch)
        plan = self._plan(requests, facts, inconsistent, watch)
        self._context.failpoint.reached("before_apply")
        await self._apply(plan, watch)
        return plan

    async def _gather(self, requests: Requests, watch: Stopwatch) -> Facts:
        """Read what the decisions need, in at most one read per collection."""
        with watch.step("gather"):
            return await self._store.gather(requests)

    def _plan(self, requests: Requests, facts: Facts, inconsistent: Mapping[str, str], watch: Stopwatch) -> Plan:
        """Decide all requests, each seeing what those before it did. Pure: no I/O, no clock but `now`."""
        with watch.step("plan"):
            known = replace(facts, inconsistent={**facts.inconsistent, **inconsistent})
            plan = plan_batch(requests, known, shard=self._shard, now=self._context.clock())
            check_size(plan)
            return plan

    async def _apply(self, plan: Plan, watch: Stopwatch) -> None:
        """Write the plan in one MongoDB transaction, or nothing of it."""
        with watch.step("apply"):
            try:
                await self._store.apply(plan)
            except BatchTooSlow as why:
                if len(plan.new_entries) > 1:
                    raise
                raise StoreUnavailable(str(why)) from None  # a single request is not too many: try it again

    async def _emit(
        self,
        records: Sequence[IncomingRecord],
        plans: Sequence[Plan],
        rejections: Sequence[Rejected],
        emitter: Emitter,
        watch: Stopwatch,
    ) -> Outputs:
        """Send results, events and dead letters together with the next offset."""
        with watch.step("emit"):
            built = self._build(plans, rejections)
            outputs = with_copies(built, await self._replies.allowed(records))
            try:
                with self._context.tracer.sending(len(outputs.records)):
                    await emitter.emit(outputs.records, records[-1].offset + 1)
            except EmitFailed as why:
                self._replies.failed(outputs.copied_to, why)
                raise
            self._replies.delivered(outputs.copied_to)
            return outputs

    def _answers_visible(self, plans: Sequence[Plan], rejections: Sequence[Rejected]) -> AnswersVisible:
        """What is known right after the commit."""
        context = self._context
        return answers_visible(OPERATIONS[self._topic], plans, rejections, context.clock(), context.tracer.trace_id())

    def _build(self, plans: Sequence[Plan], rejections: Sequence[Rejected]) -> BatchRecords:
        context = self._context
        return batch_records(plans, rejections, topics=context.topics, group=context.group, now=context.clock())
