"""A whole batch decided at once, as a value that a store can write and an emitter can send.

In:       readable requests in their order, the facts, the time.
Out:      one `Plan`: an answer per request, and the net writes behind them.
Promise:  the same input gives the same plan. A request in the ledger gets its old outcome and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from handlers.requests.decide import decide
from handlers.requests.facts import Facts, is_redelivery
from handlers.requests.state import CodeMove, WorkingState
from handlers.shards import ShardChange
from schemas.base import ERASED_PREFIX
from schemas.documents import InventoryDocument, LedgerDocument, ReservationDocument, ReservationState
from schemas.errors import PlanTooLarge, ReservationInconsistent
from schemas.records import Asked
from schemas.requests import Request
from schemas.results import Result

CODES_PER_PLAN_MAX: Final = 2_000
"""Codes that one transaction moves. Requests may want 100 each: 500 of them would keep a database busy for longer
than `mongo.timeout_ms`, and a batch that never ends in time would be tried for ever."""


class Answer(NamedTuple):
    """The result of one request."""

    asked: Asked[Request]
    result: Result
    repeated: bool
    """The ledger had it already."""
    announced: bool
    """Whether its assigned codes are published as events: yes for a new decision and for the same record read again,
    no for a request that was sent again."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A request that cannot be decided, and for which nothing is written.

    Its reservation disagrees with its codes, or a document that it needs cannot be read.
    """

    asked: Asked[Request]
    why: ReservationInconsistent
    is_in_ledger: bool = False
    """It was decided before, so a refusal may contradict what it was answered then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch, decided."""

    batch_id: str
    """`<shard>@<offset of the first record>`: goes to `moved_by`."""
    decided_at: datetime
    answers: tuple[Answer, ...]
    code_moves: Mapping[CodeMove, tuple[str, ...]]
    """Net: a code that went through two states in this batch moves once."""
    new_reservations: tuple[ReservationDocument, ...]
    reservation_moves: Mapping[ReservationState, tuple[str, ...]]
    """Reservations that leave `held`, by the state they go to."""
    new_entries: tuple[LedgerDocument, ...]
    shard_changes: tuple[ShardChange, ...]
    announced_shards: tuple[InventoryDocument, ...]
    """The totals to publish: changed ones, and after a redelivery those that were changed then."""
    code_values: Mapping[str, str]
    """Code id to secret, for the events."""
    holders: frozenset[str] = frozenset()
    """`moved_by` of the reservations that it takes out of `held`: their codes have the same."""
    set_aside: tuple[SetAside, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.new_entries)


def plan_batch(requests: Sequence[Asked[Request]], facts: Facts, *, shard: str, now: datetime) -> Plan:
    """Decide all requests of a batch, each seeing what those before it did.

    Raises:
        FactsStale: what was read does not belong together; gather again.
    """
    batch_id = f"{shard}@{requests[0].record.offset}" if requests else f"{shard}@-"
    state = WorkingState(facts, shard=shard, batch_id=batch_id, now=now)
    decided = [answer(asked, state) for asked in requests]
    answers = tuple(item for item in decided if isinstance(item, Answer))
    changes = state.shard_changes()
    return Plan(
        batch_id=batch_id,
        decided_at=state.now,
        answers=answers,
        code_moves=state.code_moves(),
        new_reservations=state.new_reservations(),
        reservation_moves=state.reservation_moves(),
        new_entries=tuple(state.new_entries),
        shard_changes=changes,
        announced_shards=announced_shards(answers, changes, facts),
        code_values=state.code_values,
        holders=frozenset(state.holders),
        set_aside=tuple(item for item in decided if isinstance(item, SetAside)),
    )


def check_size(plan: Plan) -> None:
    """Raises PlanTooLarge if it moves more codes than one transaction should."""
    codes = sum(map(len, plan.code_moves.values()))
    if codes > CODES_PER_PLAN_MAX:
        raise PlanTooLarge(f"{codes} codes, at most {CODES_PER_PLAN_MAX}")


def answer(asked: Asked[Request], state: WorkingState) -> Answer | SetAside:
    """Decide one request, or repeat the outcome in the ledger."""
    request_id = asked.request.request_id
    if request_id in state.unreadable_entries:
        why = ReservationInconsistent("", state.unreadable_entries[request_id])
        return SetAside(asked, why, is_in_ledger=True)
    entry = state.ledger.get(request_id)
    if entry is None:
        try:
            result = decide(asked, state)
        except ReservationInconsistent as why:
            return SetAside(asked, why)
        state.remember(asked, result)
        return Answer(asked, result, repeated=False, announced=True)
    if entry.digest != asked.digest:
        return Answer(asked, reused(asked.request, entry), repeated=False, announced=False)
    first = as_answered(asked.request, entry.outcome)
    return Answer(asked, first, repeated=True, announced=is_redelivery(asked, entry))


def as_answered(request: Request, outcome: Result) -> Result:
    """The first answer again. If the fan's id was erased in it, a request of the same content names the fan."""
    if request.fan_id is None or outcome.fan_id is None or not outcome.fan_id.startswith(ERASED_PREFIX):
        return outcome
    return outcome.model_copy(update={"fan_id": request.fan_id})


def unannounceable(plan: Plan) -> tuple[SetAside, ...]:
    """Redelivered assignments whose codes are gone: their results can be sent again, not all of their events."""
    found = [(item, missing(item.result.code_ids, plan.code_values)) for item in plan.answers if is_announced(item)]
    return tuple(
        SetAside(item.asked, inconsistent_codes(item.result, why), is_in_ledger=True) for item, why in found if why
    )


def inconsistent_codes(result: Result, why: str) -> ReservationInconsistent:
    """The reservation that an assignment left."""
    return ReservationInconsistent(result.reservation_id or "", f"code_ids: {why}")


def is_announced(item: Answer) -> bool:
    """Whether its codes go out as assigned events."""
    return item.announced and item.result.outcome == "assigned"


def missing(code_ids: Sequence[str], values: Mapping[str, str]) -> str | None:
    """How many of the codes were not found, if any."""
    count = sum(code_id not in values for code_id in code_ids)
    return f"{count} of {len(code_ids)} missing" if count else None


def reused(request: Request, entry: LedgerDocument) -> Result:
    """The refusal of another request under an id that is taken; dated like the first, so that it repeats equal."""
    return Result(
        request_id=request.request_id,
        operation=request.operation,
        outcome="refused",
        campaign_id=request.campaign_id,
        fan_id=request.fan_id,
        reason="request_id_reused",
        decided_at=entry.decided_at,
    )


def announced_shards(
    answers: Sequence[Answer], changes: Sequence[ShardChange], facts: Facts
) -> tuple[InventoryDocument, ...]:
    """Changed shards as they are now, and shards of redelivered requests as read, unless they have begun only."""
    shards = {(change.after.campaign_id, change.after.code_type): change.after for change in changes}
    redelivered = {
        (item.result.campaign_id, item.result.code_type) for item in answers if item.repeated and item.announced
    }
    for key, shard in facts.shards.items():
        if key in redelivered and shard.version > 0:
            shards.setdefault((key.campaign_id, key.code_type), shard)
    return tuple(shards.values())
