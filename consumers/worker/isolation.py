"""Bisects a batch to isolate the requests that cannot be written, so that the others do not wait for them.

In:       readable requests of one batch, in their order, and how to try to write some of them.
Out:      `Decided`: plans that are written, and requests that are unprocessable.
Promise:  a request becomes unprocessable only when no repetition can help: the database refuses its write, or its
          reservation disagrees with its codes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from consumers.decode import rejected_as_unprocessable
from consumers.loop.retry import step_aside
from consumers.worker.context import WorkerContext
from handlers.requests.facts import closed_reservations
from handlers.requests.plan import Plan, SetAside, unannounceable
from schemas.errors import BatchTooSlow, FactsStale, PlanTooLarge, StoreRefused
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

UNPROCESSABLE: Final = "the database refuses what this request would write"

Requests = Sequence[Asked[Request]]
Write = Callable[[Requests, Mapping[str, str]], Awaitable[Plan]]
"""One try: gather, plan and apply, with the reservations that are known to disagree with their codes."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a batch came to."""

    plans: tuple[Plan, ...] = ()
    unprocessable: tuple[Rejected, ...] = ()

    def __add__(self, other: "Decided") -> "Decided":
        return Decided(self.plans + other.plans, self.unprocessable + other.unprocessable)


@dataclass(slots=True)
class Tries:
    """What the tries of the same requests have shown so far."""

    count: int = 0
    refusals: int = 0
    """Conflicts do not count: one refusal among them may be the server's passing fault."""
    inconsistent: dict[str, str] = field(default_factory=dict)
    must_halve: bool = False
    """Another try with the same requests would fail too."""


class Isolation:
    """Lives as long as its partition is served here."""

    def __init__(self, store: CodeStore, context: WorkerContext) -> None:
        self._store = store
        self._context = context

    async def write_or_isolate(self, requests: Requests, write: Write) -> Decided:
        """Write all requests; bisect them if they move too many codes, take too long, stay stale, or are refused."""
        tries = Tries()
        while not tries.must_halve:
            if tries.count:
                await step_aside(tries.count - 1)
            try:
                return self._decided(await write(requests, tries.inconsistent))
            except FactsStale as why:
                await self._conflicted(requests, tries, why)
            except BatchTooSlow as why:
                self._too_slow(tries, why)
            except (StoreRefused, PlanTooLarge) as why:
                if await self._is_refused(requests, tries, why):
                    return self._refused(requests[0], why)
            tries.count += 1
        middle = len(requests) // 2
        first, second = requests[:middle], requests[middle:]
        return await self.write_or_isolate(first, write) + await self.write_or_isolate(second, write)

    async def _conflicted(self, requests: Requests, tries: Tries, why: FactsStale) -> None:
        """After every `attempts_max` conflicts, compare the reservations with their codes.

        Those that disagree would be stale for ever. The others are contention, which ends, sooner for fewer requests.
        """
        record = requests[0].record
        self._context.observer.observe(PlanConflicted(record.topic, record.partition, why.cause))
        if (tries.count + 1) % self._context.limits.attempts_max:
            return
        found = await self._inconsistent(requests)
        tries.must_halve = len(requests) > 1 and not found.keys() - tries.inconsistent.keys()
        tries.inconsistent |= found

    async def _inconsistent(self, requests: Requests) -> Mapping[str, str]:
        """Those of the batch's reservations that disagree with their codes, and how."""
        named = closed_reservations(asked.request for asked in requests)
        try:
            return await self._context.mongo_retries.run(self._store.inconsistent, named)
        except FactsStale:  # the server ended the snapshot; after the next `attempts_max` conflicts it is read again
            return {}

    def _too_slow(self, tries: Tries, why: BatchTooSlow) -> None:
        """Repeated at the same size, a batch that takes longer than `mongo.timeout_ms` would never be written."""
        self._context.observer.observe(PartUnavailable("mongo", why))
        tries.must_halve = True

    async def _is_refused(self, requests: Requests, tries: Tries, why: StoreRefused | PlanTooLarge) -> bool:
        """Whether one request is left, and its refusal is believed: it is repeated, and the ledger has no answer.

        An earlier try without an answer may have been committed, and then its codes are the fan's.
        """
        record = requests[0].record
        if isinstance(why, StoreRefused):
            self._context.observer.observe(WriteRefused(record.topic, why.cause))
        tries.refusals += 1
        tries.must_halve = len(requests) > 1
        is_repeated = tries.refusals > self._context.limits.attempts_max
        return is_repeated and not tries.must_halve and not await self._is_in_ledger(requests[0])

    async def _is_in_ledger(self, asked: Asked[Request]) -> bool:
        try:
            facts = await self._context.mongo_retries.run(self._store.gather, [asked])
        except FactsStale:  # nothing is known, so nothing is believed
            return True
        return asked.request.request_id in facts.decided.keys() | facts.unreadable_entries.keys()

    def _decided(self, plan: Plan) -> Decided:
        set_aside = (*plan.set_aside, *unannounceable(plan))
        for item in set_aside:
            self._context.observer.observe(ReservationDisagrees(subject(item.asked), item.why))
        return Decided((plan,), tuple(rejection(item) for item in set_aside))

    def _refused(self, asked: Asked[Request], why: StoreRefused | PlanTooLarge) -> Decided:
        self._context.observer.observe(RequestUnwritable(subject(asked), why))
        return Decided(unprocessable=(rejected_as_unprocessable(asked, UNPROCESSABLE),))


def subject(asked: Asked[Request]) -> Subject:
    """A request by its ids and its place."""
    record, request = asked.record, asked.request
    return Subject(record.topic, record.partition, record.offset, request.request_id, request.campaign_id)


def rejection(item: SetAside) -> Rejected:
    """The rejection of a request that is set aside; without a refusal if the ledger has another answer."""
    rejected = rejected_as_unprocessable(item.asked, item.why.detail)
    return replace(rejected, request_id=None) if item.is_in_ledger else rejected
