"""Requests of one partition decided and written: gather, plan, apply, until nothing is left undecided.

In:       readable requests of one batch, in their order.
Out:      `Decided`: plans that are written, and requests that are set aside as unprocessable.
Promise:  a request that nothing can be written for does not keep the ones beside it waiting, and is set aside only
          when no repetition can help: the database refuses its write, or its reservation disagrees with its codes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, TypeVar

from consumers.loop.retry import step_aside, wait_out
from consumers.worker.context import Surroundings
from consumers.worker.stopwatch import Stopwatch
from handlers.requests.facts import closed_reservations
from handlers.requests.plan import Plan, SetAside, plan_batch, untold
from schemas.errors import BatchTooSlow, FactsStale, PlanTooLarge, StoreRefused, StoreUnavailable
from schemas.observation.partitions import PartUnavailable
from schemas.observation.requests import (
    PlanConflicted,
    RequestUnwritable,
    ReservationDisagrees,
    Subject,
    WriteRefused,
)
from schemas.records import Asked, Rejected
from schemas.requests import Request
from stores.code_port import CodeStore

T = TypeVar("T")

CODES_PER_PLAN_MAX: Final = 2_000
"""Codes that one transaction moves. Requests may want 100 each: 500 of them would keep a database busy for longer
than `mongo.timeout_ms`, and a batch that never ends in time would be tried for ever."""
UNPROCESSABLE: Final = "the database refuses what this request would write"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a batch came to."""

    plans: tuple[Plan, ...] = ()
    unprocessable: tuple[Rejected, ...] = ()

    def __add__(self, other: "Decided") -> "Decided":
        return Decided(self.plans + other.plans, self.unprocessable + other.unprocessable)


class Deciding:
    """Lives as long as its partition is served here."""

    def __init__(self, shard: str, store: CodeStore, around: Surroundings) -> None:
        self._shard = shard
        self._store = store
        self._around = around

    async def take_over(self) -> None:
        """See `CodeStore.take_over`."""
        await self._once_there(self._store.take_over)

    async def decide(self, requests: Sequence[Asked[Request]], watch: Stopwatch) -> Decided:
        """Decide a batch; by halves if it moves too much, takes too long, is always stale, or is refused.

        After every `attempts_max` tries that found stale facts, the reservations are compared with their codes: those
        that disagree would be stale for ever. The others are contention, which ends. A refusal of a single request is
        believed only when it is repeated and the ledger has no answer: an earlier try of which nothing was heard may
        have been committed, and then its codes are the fan's.
        """
        inconsistent: dict[str, str] = {}
        refusals = 0
        for attempt in count():
            is_turn_over = (attempt + 1) % self._around.limits.attempts_max == 0
            try:
                return self._decided(await self._try(requests, inconsistent, watch))
            except FactsStale as why:
                self._around.observer.observe(
                    PlanConflicted(requests[0].record.topic, requests[0].record.partition, why.cause)
                )
                found = await self._inconsistent(requests) if is_turn_over else {}
                is_hopeless = is_turn_over and len(requests) > 1 and not found.keys() - inconsistent.keys()
                inconsistent |= found
            except BatchTooSlow as why:
                self._around.observer.observe(PartUnavailable("mongo", why))
                is_hopeless = True  # of a single request `_try` makes a database that is unavailable
            except (StoreRefused, PlanTooLarge) as why:
                self._count(why, requests[0])
                is_hopeless = len(requests) > 1
                refusals += 1  # conflicts do not count: one refusal among them may be the server's passing fault
                is_repeated = refusals > self._around.limits.attempts_max
                if len(requests) == 1 and is_repeated and not await self._is_in_ledger(requests[0]):
                    return self._refused(requests[0], why)
            if is_hopeless:
                break
            await step_aside(attempt)
        middle = len(requests) // 2
        first = await self.decide(requests[:middle], watch)
        return first + await self.decide(requests[middle:], watch)

    async def _try(
        self, requests: Sequence[Asked[Request]], inconsistent: Mapping[str, str], watch: Stopwatch
    ) -> Plan:
        """Gather, plan and apply once; wait out a database that is unavailable."""

        async def once() -> Plan:
            with watch.step("gather"):
                facts = await self._store.gather(requests)
            with watch.step("plan"):
                known = replace(facts, inconsistent={**facts.inconsistent, **inconsistent})
                plan = plan_batch(requests, known, shard=self._shard, now=self._around.clock())
                check_size(plan)
            self._around.failpoint.reached("before_apply")
            with watch.step("apply"):
                await self._apply(plan, requests)
            return plan

        return await self._once_there(once)

    async def _apply(self, plan: Plan, requests: Sequence[Asked[Request]]) -> None:
        try:
            await self._store.apply(plan)
        except BatchTooSlow as why:
            if len(requests) > 1:
                raise
            raise StoreUnavailable(str(why)) from None  # one request is not to blame

    async def _inconsistent(self, requests: Sequence[Asked[Request]]) -> Mapping[str, str]:
        """Those of the batch's reservations that disagree with their codes, and how."""
        named = closed_reservations(asked.request for asked in requests)
        try:
            return await self._once_there(lambda: self._store.inconsistent(named))
        except FactsStale:  # the server ended the snapshot; the next turn compares again
            return {}

    def _count(self, why: StoreRefused | PlanTooLarge, asked: Asked[Request]) -> None:
        if isinstance(why, StoreRefused):
            self._around.observer.observe(WriteRefused(asked.record.topic, why.cause))

    async def _is_in_ledger(self, asked: Asked[Request]) -> bool:
        facts = await self._once_there(lambda: self._store.gather([asked]))
        return asked.request.request_id in facts.decided.keys() | facts.unreadable_entries.keys()

    async def _once_there(self, work: Callable[[], Awaitable[T]]) -> T:
        backoff_max_s = self._around.limits.backoff_max_ms / 1000
        return await wait_out(
            work, "mongo", self._around.observer, away=StoreUnavailable, backoff_max_s=backoff_max_s
        )

    def _decided(self, plan: Plan) -> Decided:
        set_aside = (*plan.set_aside, *untold(plan))
        for item in set_aside:
            self._around.observer.observe(ReservationDisagrees(subject(item.asked), item.why))
        return Decided((plan,), tuple(rejection(item) for item in set_aside))

    def _refused(self, asked: Asked[Request], why: StoreRefused | PlanTooLarge) -> Decided:
        self._around.observer.observe(RequestUnwritable(subject(asked), why))
        return Decided(unprocessable=(unprocessable(asked, UNPROCESSABLE),))


def check_size(plan: Plan) -> None:
    """Raises PlanTooLarge if it moves more codes than one transaction should."""
    codes = sum(map(len, plan.code_moves.values()))
    if codes > CODES_PER_PLAN_MAX:
        raise PlanTooLarge(f"{codes} codes, at most {CODES_PER_PLAN_MAX}")


def subject(asked: Asked[Request]) -> Subject:
    """A request by its ids and its place."""
    record, request = asked.record, asked.request
    return Subject(record.topic, record.partition, record.offset, request.request_id, request.campaign_id)


def unprocessable(asked: Asked[Request], detail: str) -> Rejected:
    """A request that is readable and yet breaks every batch it is in."""
    request = asked.request
    return Rejected(
        reason="unprocessable",
        detail=detail,
        record=asked.record,
        operation=request.operation,
        request_id=request.request_id,
        campaign_id=request.campaign_id,
        fan_id=request.fan_id,
    )


def rejection(item: SetAside) -> Rejected:
    """A request that is set aside, as its dead letter says it; refused, unless the ledger has another answer."""
    rejected = unprocessable(item.asked, item.why.detail)
    return replace(rejected, request_id=None) if item.is_in_ledger else rejected
