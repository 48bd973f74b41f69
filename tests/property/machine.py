"""Histories of requests, drawn by hypothesis, played to the real partition code, and checked after each step.

In:       sends, batches, crashes, take-overs, stale stock, lost answers and clock steps.
Out:      an AssertionError for the first thing that the contract does not allow.

Decode, plan, outputs and the batch's steps are real. MongoDB and Kafka are in memory (`tests/fakes`).
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers.requests.facts import Candidate, StockKey
from schemas.base import CodeType
from schemas.documents import ReservationDocument
from schemas.records import IncomingRecord
from tests.fakes.kafka import MemoryEmitter, Source
from tests.fakes.memory_store import MemoryCodeStore
from tests.property.decisions import explain
from tests.property.model import Model
from tests.property.published import GARBAGE, SECRET, Published
from tests.property.service import ASSIGNS, FAULTS, RELEASES, RESERVES, SOURCES, Fault, Service
from tests.property.stored import check_counts, check_holders, check_ledger
from tests.property.strategies import (
    campaigns,
    delays,
    fans,
    holders,
    kinds,
    numbers,
    quantities,
    times_to_live,
    uses,
)

reserves = st.sampled_from(RESERVES)
EXPIRER_CLOCK_ERROR = timedelta(seconds=2)


class Histories(RuleBasedStateMachine):
    """The service under histories; every invariant is checked after each step."""

    store_class: ClassVar[type[MemoryCodeStore]] = MemoryCodeStore
    emitter_class: ClassVar[type[MemoryEmitter]] = MemoryEmitter

    def __init__(self) -> None:
        super().__init__()
        self.service = Service(self.store_class, self.emitter_class)
        self.clock, self.database, self.kafka = self.service.clock, self.service.database, self.service.kafka
        self.published = Published(self.kafka, self.database)
        self.model = Model()
        self.plans_explained = 0
        self.sent: list[tuple[Source, IncomingRecord]] = []
        self.request_ids: list[str] = ["r-never"]
        self.attempts: Counter[str] = Counter()

    def teardown(self) -> None:
        """Serve all that is left, without faults; then everything must be published, once."""
        try:
            self.serve_all()
            self.what_is_published_is_right()
            self.published.check_complete()
        finally:
            self.service.close()

    # what others do

    @initialize(tm=st.integers(0, 12), external=st.integers(0, 4))
    def first_import(self, tm: int, external: int) -> None:
        """Most histories begin with a campaign."""
        self.bring("c-0", "tm", tm)
        self.bring("c-0", "external", external)

    @rule(campaign=st.sampled_from(["c-0", "c-1"]), kind=kinds, count=st.integers(1, 4))
    def bring(self, campaign: str, kind: CodeType, count: int) -> None:
        """An import adds codes."""
        first = len(self.database.codes)
        codes = [Candidate(f"id-{number}", f"{SECRET}-{number}") for number in range(first, first + count)]
        self.database.add_codes(StockKey(campaign, kind), codes, self.clock.now)
        self.model.add((campaign, kind), [code.code_id for code in codes])

    @rule(campaign=st.sampled_from(["c-0", "c-1"]), is_closed=st.booleans())
    def close_or_reopen(self, campaign: str, is_closed: bool) -> None:  # hypothesis names it
        """A manager ends or resumes a sale."""
        self.database.set_closed(campaign, is_closed=is_closed)
        self.model.closed = self.model.closed_before = frozenset(self.database.closed)

    @rule(which=numbers, is_closed=st.booleans())
    def close_meanwhile(self, which: int, is_closed: bool) -> None:  # as above
        """The same between a batch's gather and its apply: nothing that was planned before may succeed."""

        def turn() -> None:
            self.service.close_meanwhile(self.service.waiting(which), "c-0", is_closed=is_closed)
            self.model.closed = frozenset(self.database.closed)  # a batch without requests has no apply

        self.then_explain(turn)
        self.model.closed_before = self.model.closed

    @rule(to=reserves, use=uses, campaign=campaigns, fan=fans, kind=kinds, quantity=quantities, ttl_s=times_to_live)
    def reserve(self, to: Source, use: str, campaign: str, fan: str, kind: str, quantity: int, ttl_s: int) -> None:
        """A fan holds codes."""
        fields = {"campaign_id": campaign, "fan_id": fan, "code_type": kind, "quantity": quantity, "ttl_s": ttl_s}
        self.send(to, {"request_id": self.request_id(use), **fields})

    @rule(to=st.sampled_from(ASSIGNS), use=uses, campaign=campaigns, fan=fans, kind=kinds, quantity=quantities)
    def assign_from_stock(self, to: Source, use: str, campaign: str, fan: str, kind: str, quantity: int) -> None:
        """A fan takes codes at once."""
        fields = {"campaign_id": campaign, "fan_id": fan, "code_type": kind, "quantity": quantity}
        self.send(to, {"request_id": self.request_id(use), **fields})

    @rule(to=st.sampled_from(ASSIGNS), use=uses, which=numbers, fan=holders, late=delays)
    def assign(self, to: Source, use: str, which: int, fan: str, late: float) -> None:
        """A fan takes held codes, in time or too late, their own or another fan's."""
        reservation_id, campaign, holder = self.reservation(which)
        fan_id = holder if fan == "the holder" else fan
        fields = {"campaign_id": campaign, "fan_id": fan_id, "reservation_id": reservation_id}
        self.send(to, {"request_id": self.request_id(use), **fields}, late)

    @rule(
        to=st.sampled_from(RELEASES),
        use=uses,
        which=numbers,
        fan=st.one_of(st.none(), holders),
        reason=st.sampled_from(["unused", "unused", "cancelled", "expired"]),
        late=delays,
    )
    def release(self, to: Source, use: str, which: int, fan: str | None, reason: str, late: float) -> None:
        """Held codes are given back."""
        reservation_id, campaign, holder = self.reservation(which)
        fields = {"campaign_id": campaign, "reservation_id": reservation_id, "reason": reason}
        if fan is not None:
            fields["fan_id"] = holder if fan == "the holder" else fan
        self.send(to, {"request_id": self.request_id(use), **fields}, late)

    @rule(late=delays)
    def expire(self, late: float) -> None:
        """The expirer asks for the release of overdue holds, by a clock that may be a little wrong."""
        for reservation in list(self.database.reservations.values()):
            if self.is_overdue(reservation):
                self.attempts[reservation.id] += 1
                fields = {"campaign_id": reservation.campaign_id, "reservation_id": reservation.id}
                request_id = f"expire:{reservation.id}:{self.attempts[reservation.id]}"
                self.send(RELEASES[0], {"request_id": request_id, **fields, "reason": "expired"}, late)

    @rule(which=numbers, same_partition=st.booleans())
    def repeat(self, which: int, same_partition: bool) -> None:
        """A sender got no answer and sends again, perhaps to another partition."""
        if not self.sent:
            return
        source, record = self.sent[-1 - which % len(self.sent)]
        to = source if same_partition else Source(source.topic, 1 - source.partition)
        self.sent.append((to, self.kafka.send(to, record.value, self.clock.now, key=record.key)))

    @rule(to=st.sampled_from(SOURCES), value=st.sampled_from(GARBAGE))
    def garbage(self, to: Source, value: bytes | None) -> None:
        """A sender sends what cannot be decoded."""
        self.kafka.send(to, value, self.clock.now)

    @rule(seconds=st.sampled_from([0.0005, 1, 59, 61, 3_700, -0.5, -3]))
    def clock_steps(self, seconds: float) -> None:
        """Time passes, or the clock is set back."""
        self.clock.step(seconds)

    # what the service does

    @rule(which=numbers, limit=st.integers(1, 6), fault=st.sampled_from(FAULTS))
    def serve(self, which: int, limit: int, fault: Fault) -> None:
        """One batch, with a fault at one place."""
        self.then_explain(lambda: self.service.serve(self.service.waiting(which), limit, fault))

    @rule(which=numbers, other=numbers, fault=st.sampled_from(FAULTS))
    def serve_two_at_once(self, which: int, other: int, fault: Fault) -> None:
        """Between one partition's gather and its apply another one decides a whole batch."""
        first, second = self.service.waiting(which), self.service.waiting(other)
        if first == second:
            self.taken_over(which)
            return
        self.then_explain(lambda: self.service.serve_two_at_once(first, second, fault))

    @rule(which=numbers)
    def taken_over(self, which: int) -> None:
        """A paused owner wakes up after its partition has moved to another process."""
        self.then_explain(lambda: self.service.take_over(self.service.waiting(which)))

    @rule()
    def serve_all(self) -> None:
        """A quiet time: everything is answered."""
        for source in SOURCES:
            while self.kafka.pending(source):
                self.then_explain(lambda source=source: self.service.serve(source, 100, "none"))  # type: ignore[misc]

    @rule(source=st.sampled_from((*RESERVES, *ASSIGNS)))
    def stock_grows_stale(self, source: Source) -> None:
        """Other partitions have moved what a stock holds."""
        self.service.make_stock_stale(source)

    # what must be true after every step

    @invariant()
    def what_is_stored_is_right(self) -> None:
        """A code has at most one holder; the counts and the ledger are true."""
        check_holders(self.database)
        check_counts(self.database, self.model)
        check_ledger(self.database, self.model)

    @invariant()
    def what_is_published_is_right(self) -> None:
        """Each record is answered once, and a result never changes."""
        self.published.check(self.model)

    # how

    def then_explain(self, turn: Callable[[], None]) -> None:
        """Take a turn, then find an order of the requests that explains what was decided."""
        turn()
        self.model = explain(self.model, self.database.applied[self.plans_explained :])
        self.plans_explained = len(self.database.applied)

    def send(self, to: Source, fields: dict[str, Any], late: float = 0) -> None:
        """A record with its time of append, which may differ from the time of the decision."""
        at = self.clock.now + timedelta(seconds=late)
        self.sent.append((to, self.kafka.send(to, json.dumps(fields).encode(), at, key=b"k")))

    def request_id(self, use: str) -> str:
        """A sender's choice of an id."""
        if use == "new":
            self.request_ids.append(f"r-{len(self.request_ids)}")
        return self.request_ids[-1] if use == "new" else self.request_ids[len(self.sent) % len(self.request_ids)]

    def reservation(self, which: int) -> tuple[str, str, str]:
        """Id, campaign and fan of a reservation: most often a held one, sometimes one that ended or never was."""
        known = [
            (document.id, document.campaign_id, document.fan_id) for document in self.database.reservations.values()
        ]
        held = [names for names in known if self.database.reservations[names[0]].state == "held"]
        chosen = [*held, *held, *known, ("r-never", "c-0", "f-0"), (self.request_ids[-1], "c-0", "f-0")]
        return chosen[which % len(chosen)]

    def is_overdue(self, reservation: ReservationDocument) -> bool:
        """Whether the expirer takes a hold for overdue."""
        end = reservation.expires_at
        return reservation.state == "held" and end is not None and end <= self.clock.now + EXPIRER_CLOCK_ERROR
