"""Defects of what is decided about a request. Out: `DECISION_MUTANTS`."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

import handlers.requests.decide as decisions
import handlers.requests.plan as plans
from consumers.worker.batch import RequestPartition
from handlers.requests.state import WorkingState
from stores.mongo.stock import Stock
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped


def assign_is_judged_when_it_is_decided() -> AbstractContextManager[None]:
    """A fan who asked in time is punished for the queue."""
    real = decisions.decide_assign

    def decide_assign(request: Any, state: WorkingState, *, asked_at: Any) -> Any:
        return real(request, state, asked_at=max(asked_at, state.now))

    return swapped(decisions, decide_assign=decide_assign)


def anyone_may_assign() -> AbstractContextManager[None]:
    """A reservation is not compared with the fan who names it."""
    real = decisions.why_not
    return swapped(decisions, why_not=lambda reservation, _fan_id: real(reservation, None))


def reused_id_is_a_repeat() -> AbstractContextManager[None]:
    """Another request under an id of the ledger is given the first one's outcome."""
    real = plans.answer

    def answer(asked: Any, state: WorkingState) -> Any:
        entry = state.ledger.get(asked.request.request_id)
        return real(asked if entry is None else replace(asked, digest=entry.digest), state)

    return swapped(plans, answer=answer)


def unreadable_records_are_dropped() -> AbstractContextManager[None]:
    """A record that cannot be read is passed over without a dead letter."""
    real = RequestPartition._decode

    def decode(self: Any, records: Any, watch: Any) -> Any:
        return real(self, records, watch)[0], []

    return swapped(RequestPartition, _decode=decode)


def the_walk_is_all_of_the_stock() -> AbstractContextManager[None]:
    """`out_of_stock` is answered although only codes that nobody ever had were looked for."""

    async def find_the_rest(_self: Any, _key: Any, _kind: Any, _wanted: int) -> None:
        """Nothing."""

    return swapped(Stock, _find_the_rest=find_the_rest)


def stale_stock_is_kept() -> AbstractContextManager[None]:
    """Candidates that proved stale are planned with again."""
    return swapped(Stock, forget=lambda _self: None)


DECISION_MUTANTS: Final = (
    Mutant(
        "assign is judged when it is decided", assign_is_judged_when_it_is_decided, focus=Focus(courses=("race",))
    ),
    Mutant("anyone may assign", anyone_may_assign, focus=Focus(faults=0, courses=("stranger",))),
    Mutant("reused id is a repeat", reused_id_is_a_repeat, focus=Focus(fans=60, faults=0)),
    Mutant("unreadable records are dropped", unreadable_records_are_dropped, seeds=(2,), focus=Focus(faults=0)),
    Mutant("the walk is all of the stock", the_walk_is_all_of_the_stock, focus=Focus(faults=0)),
    Mutant("stale stock is kept", stale_stock_is_kept, focus=Focus(faults=0, setup={"workers": 3})),
)
