"""A machine that finds nothing proves nothing: break one part at a time, and it must notice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

import handlers.requests.decide
import handlers.requests.facts
import handlers.requests.plan
from handlers.requests.facts import Candidate, StockKey
from handlers.requests.plan import Plan
from handlers.shards import ShardChange
from schemas.documents import LedgerDocument
from schemas.records import Asked, OutgoingRecord
from schemas.requests import Request
from tests.fakes.kafka import MemoryEmitter
from tests.fakes.memory_store import MemoryCodeStore
from tests.property.machine import Histories

SEARCH = settings(
    max_examples=400,
    stateful_step_count=50,
    phases=[Phase.generate],  # that there is a counterexample is enough; the shortest is for people
    database=None,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

Break = Callable[[pytest.MonkeyPatch], None]


class NoStatusGuard(MemoryCodeStore):
    """Moves codes whatever became of them."""

    def _check_codes(self, plan: Plan) -> None:
        """Look at nothing."""


class NoReservationGuard(MemoryCodeStore):
    """Ends reservations whatever became of them, and their codes with them."""

    def _check_codes(self, plan: Plan) -> None:
        """Look at nothing."""

    def _check_reservations(self, plan: Plan) -> None:
        """Look at nothing."""


class NoGuard(MemoryCodeStore):
    """Lets a former owner write what the new one has written already."""

    def _check_ledger(self, plan: Plan) -> None:
        """Look at nothing."""

    def _check_codes(self, plan: Plan) -> None:
        """Look at nothing."""

    def _check_reservations(self, plan: Plan) -> None:
        """Look at nothing."""

    def _check_shards(self, changes: Iterable[ShardChange]) -> None:
        """Look at nothing."""


class NoLedger(MemoryCodeStore):
    """Has never heard of any request."""

    def _decided(self, requests: Iterable[Asked[Request]]) -> Mapping[str, LedgerDocument]:
        return {}

    def _check_ledger(self, plan: Plan) -> None:
        """Look at nothing."""


class HalfATransaction(MemoryCodeStore):
    """Writes the ledger before it looks at the rest."""

    def _check(self, plan: Plan) -> None:
        self._check_ledger(plan)
        self._database.requests |= {entry.id: entry for entry in plan.new_entries}
        super()._check_codes(plan)


class NoFreshLook(MemoryCodeStore):
    """Says `out_of_stock` of what it happens to hold."""

    def _supply(self, key: StockKey, wanted: int) -> list[Candidate]:
        held = self._stock.get(key)
        return list(held.values())[:wanted] if held else super()._supply(key, wanted)


class ForgetsOffsets(MemoryEmitter):
    """Shows the outputs and does not move the offset: what a crash between two steps would do."""

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        if self.crash == "before_emit":
            self.kafka.commit(self.source, records, None)
        await super().emit(records, next_offset)


def broken(store: type[MemoryCodeStore] = MemoryCodeStore, emitter: type[MemoryEmitter] = MemoryEmitter) -> type:
    """The machine with a part that does not do its duty."""

    class Broken(Histories):
        store_class: ClassVar[type[MemoryCodeStore]] = store
        emitter_class: ClassVar[type[MemoryEmitter]] = emitter

    return Broken


def find(machine: type[RuleBasedStateMachine]) -> None:
    """Search for a counterexample; raises what it finds."""
    run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.parametrize(
    "store", [NoStatusGuard, NoReservationGuard, NoGuard, NoLedger, HalfATransaction, NoFreshLook]
)
def test_a_store_without_one_of_its_duties_is_found(store: type[MemoryCodeStore]) -> None:
    """Each guard of the store holds something that nothing else holds."""
    with pytest.raises(AssertionError):
        find(broken(store))


def test_outputs_without_their_offset_are_found() -> None:
    """A reader would see results twice."""
    with pytest.raises(AssertionError):
        find(broken(emitter=ForgetsOffsets))


def tells_every_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce the codes of a request that was sent again."""
    monkeypatch.setattr(handlers.requests.plan, "is_redelivery", lambda asked, entry: True)
    monkeypatch.setattr(handlers.requests.facts, "is_redelivery", lambda asked, entry: True)


def sees_no_redelivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce no code of a record that is read again after a crash."""
    monkeypatch.setattr(handlers.requests.plan, "is_redelivery", lambda asked, entry: False)


def judges_by_the_wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ever over."""
    monkeypatch.setattr(handlers.requests.decide, "is_over", lambda reservation, asked_at: False)


def knows_no_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any fan take what another holds."""
    monkeypatch.setattr(
        handlers.requests.decide,
        "why_not",
        lambda found, fan_id: (
            handlers.requests.decide.WHY_NOT_HELD.get(found.state) if found else "reservation_not_found"
        ),
    )


def takes_other_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer another request under a taken id as if it were the first."""
    monkeypatch.setattr(handlers.requests.plan, "reused", lambda request, entry: entry.outcome)


def tells_no_totals_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the inventory's readers without the totals that a crash swallowed."""
    monkeypatch.setattr(
        handlers.requests.plan,
        "announced_shards",
        lambda answers, changes, facts: tuple(one.after for one in changes),
    )


@pytest.mark.parametrize(
    "broken_rule",
    [
        tells_every_repeat,
        sees_no_redelivery,
        judges_by_the_wrong_clock,
        knows_no_holder,
        takes_other_content,
        tells_no_totals_again,
    ],
)
def test_a_rule_that_is_broken_is_found(broken_rule: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model knows the contract by itself."""
    broken_rule(monkeypatch)

    with pytest.raises(AssertionError):
        find(Histories)
