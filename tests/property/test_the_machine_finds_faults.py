"""The machine finds faults: with one part broken at a time, it must fail."""

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
    phases=[Phase.generate],  # a counterexample is enough; it need not be the shortest
    database=None,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

Break = Callable[[pytest.MonkeyPatch], None]


class NoStatusGuard(MemoryCodeStore):
    """Moves codes without a check of their status."""

    def _check_codes(self, plan: Plan) -> None:
        """No check."""


class NoReservationGuard(MemoryCodeStore):
    """Ends reservations, and moves their codes, without a check of their state."""

    def _check_codes(self, plan: Plan) -> None:
        """No check."""

    def _check_reservations(self, plan: Plan) -> None:
        """No check."""


class NoGuard(MemoryCodeStore):
    """Lets a former owner repeat the writes of the new one."""

    def _check_ledger(self, plan: Plan) -> None:
        """No check."""

    def _check_codes(self, plan: Plan) -> None:
        """No check."""

    def _check_reservations(self, plan: Plan) -> None:
        """No check."""

    def _check_shards(self, changes: Iterable[ShardChange]) -> None:
        """No check."""


class NoMarkGuard(MemoryCodeStore):
    """Writes shards without a check of their campaign's mark."""

    def _is_as_closed(self, change: ShardChange) -> bool:
        return True


class NoLedger(MemoryCodeStore):
    """Finds no request in the ledger."""

    def _decided(self, requests: Iterable[Asked[Request]]) -> Mapping[str, LedgerDocument]:
        return {}

    def _check_ledger(self, plan: Plan) -> None:
        """No check."""


class HalfATransaction(MemoryCodeStore):
    """Writes the ledger before it checks the rest."""

    def _check(self, plan: Plan) -> None:
        self._check_ledger(plan)
        self._database.requests |= {entry.id: entry for entry in plan.new_entries}
        super()._check_codes(plan)


class NoFreshLook(MemoryCodeStore):
    """Refuses with `out_of_stock` without a fresh read of the database."""

    def _supply(self, key: StockKey, wanted: int) -> list[Candidate]:
        held = self._stock.get(key)
        return list(held.values())[:wanted] if held else super()._supply(key, wanted)


class ForgetsOffsets(MemoryEmitter):
    """Publishes the outputs without moving the offset, like a crash between two separate steps."""

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        if self.crash == "before_emit":
            self.kafka.commit(self.source, records, None)
        await super().emit(records, next_offset)


def broken(store: type[MemoryCodeStore] = MemoryCodeStore, emitter: type[MemoryEmitter] = MemoryEmitter) -> type:
    """The machine with a broken part."""

    class Broken(Histories):
        store_class: ClassVar[type[MemoryCodeStore]] = store
        emitter_class: ClassVar[type[MemoryEmitter]] = emitter

    return Broken


def find(machine: type[RuleBasedStateMachine]) -> None:
    """Search for a counterexample; raises its error."""
    run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.parametrize(
    "store",
    [
        NoStatusGuard,
        NoReservationGuard,
        NoGuard,
        NoMarkGuard,
        NoLedger,
        HalfATransaction,
        pytest.param(NoFreshLook, marks=pytest.mark.thorough),
    ],
)
def test_a_store_without_one_of_its_guards_is_found(store: type[MemoryCodeStore]) -> None:
    """No guard of the store is redundant."""
    with pytest.raises(AssertionError):
        find(broken(store))


def test_outputs_without_their_offset_are_found() -> None:
    """A reader would see results twice."""
    with pytest.raises(AssertionError):
        find(broken(emitter=ForgetsOffsets))


def publishes_every_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish the codes of a repeated request again."""
    monkeypatch.setattr(handlers.requests.plan, "is_redelivery", lambda asked, entry: True)
    monkeypatch.setattr(handlers.requests.facts, "is_redelivery", lambda asked, entry: True)


def publishes_no_redelivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish no code for a record that is redelivered after a crash."""
    monkeypatch.setattr(handlers.requests.plan, "is_redelivery", lambda asked, entry: False)


def ignores_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hold ever ends."""
    monkeypatch.setattr(handlers.requests.decide, "is_over", lambda reservation, asked_at: False)


def ignores_the_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any fan take another fan's hold."""
    monkeypatch.setattr(
        handlers.requests.decide,
        "why_not",
        lambda found, fan_id: (
            handlers.requests.decide.WHY_NOT_HELD.get(found.state) if found else "reservation_not_found"
        ),
    )


def ignores_a_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decide requests of a closed campaign as those of any other."""
    monkeypatch.setattr(
        handlers.requests.decide,
        "why_not_drawable",
        lambda request, state: "request_id_reused" if state.has_reservation(request.request_id) else None,
    )


def ignores_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer a different request under a used id with the first result."""
    monkeypatch.setattr(handlers.requests.plan, "reused", lambda request, entry: entry.outcome)


def republishes_no_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never republish the totals that a crash lost."""
    monkeypatch.setattr(
        handlers.requests.plan,
        "announced_shards",
        lambda answers, changes, facts: tuple(change.after for change in changes),
    )


@pytest.mark.parametrize(
    "broken_rule",
    [
        pytest.param(publishes_every_repeat, marks=pytest.mark.thorough),
        publishes_no_redelivery,
        pytest.param(ignores_the_clock, marks=pytest.mark.thorough),
        ignores_the_holder,
        ignores_a_closing,
        ignores_the_content,
        republishes_no_totals,
    ],
)
def test_a_rule_that_is_broken_is_found(broken_rule: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model states the contract independently."""
    broken_rule(monkeypatch)

    with pytest.raises(AssertionError):
        find(Histories)
