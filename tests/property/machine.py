"""Histories of requests, told by hypothesis to the real partition code, and watched.

In:       sends, batches, crashes, take-overs, stale stock, lost answers and a clock that steps.
Out:      an AssertionError for the first thing that the contract does not allow.

Real are decode, plan, outputs and the partition's way of a batch. In memory are MongoDB and Kafka (`tests/fakes`).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from consumers.loop.failpoints import Failpoint
from consumers.worker.batch import RequestPartition
from consumers.worker.context import WorkerContext
from handlers.requests.facts import Candidate, StockKey
from handlers.requests.plan import Answer, Plan
from producers.reply_topics import ReplyTopics
from schemas.base import CodeStatus, CodeType, to_milliseconds
from schemas.documents import InventoryDocument
from schemas.errors import EmitFailed, FactsStale, PartitionFenced
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.settings import WorkerSettings
from schemas.topics import ASSIGN, ASSIGNED, DEAD_LETTERS, INVENTORY, OPERATIONS, RELEASE, RESERVE, RESULTS
from tests.fakes.builders import TOPICS, body, header
from tests.fakes.faults import Crashed
from tests.fakes.kafka import Emission, MemoryEmitter, MemoryKafka, Source
from tests.fakes.memory_store import IMPORT_SHARD, MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import Clock, ImpatientLoop
from tests.property.model import Ask, Model, Stream, explained

RESERVES: Final = (Source(RESERVE.name, 0), Source(RESERVE.name, 1))
ASSIGNS: Final = (Source(ASSIGN.name, 0), Source(ASSIGN.name, 1))
RELEASES: Final = (Source(RELEASE.name, 0), Source(RELEASE.name, 1))
SOURCES: Final = (*RESERVES, *ASSIGNS, *RELEASES)
SECRET: Final = "SECRET"
ATTEMPTS_MAX: Final = 2
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "reserve": {"code_type": "tm", "quantity": 1, "ttl_s": 86_400},
    "assign": {"code_type": "tm", "quantity": 1},
    "assign a reservation": {},
    "release": {"fan_id": None, "reason": "unused"},
}
GARBAGE: Final = (
    None,
    b"",
    b"not json",
    b"\xff\xfe{",
    b"[]",
    b"{}",
    b'{"request_id": "r-0", "campaign_id": "c-0", "fan_id": "f-0", "quantity": 0, "reservation_id": 7}',
)

Fault = Literal[
    "none",
    "crash_before_apply",
    "crash_after_apply",
    "answer_lost",
    "others_always_faster",
    "crash_before_emit",
    "emit_fails",
    "crash_after_emit",
]
FAULTS: Final[tuple[Fault, ...]] = Fault.__args__  # type: ignore[attr-defined]  # a Literal has them

campaigns = st.sampled_from(["c-0"] * 7 + ["c-1", "c-1", "c-none"])
kinds: st.SearchStrategy[CodeType] = st.sampled_from(["tm", "tm", "external"])
fans = st.sampled_from(["f-0", "f-1"])
quantities = st.sampled_from([1] * 8 + [2, 2, 3, 100])
times_to_live = st.sampled_from([1, 60, 3_600])
numbers = st.integers(0, 30)
delays = st.sampled_from([0, 0, -1, -120, 2])
uses = st.sampled_from([*["new"] * 7, "used"])
"""Whether a request comes under a new id, or under one that was used before."""
holders = st.sampled_from([*["the holder"] * 5, "f-0", "f-1"])


@dataclass(slots=True)
class Process:
    """Who serves a source: what is lost when it dies."""

    store: MemoryCodeStore
    emitter: MemoryEmitter
    work: RequestPartition


class Histories(RuleBasedStateMachine):
    """The service under histories; each step is watched by every invariant."""

    store_class: ClassVar[type[MemoryCodeStore]] = MemoryCodeStore
    emitter_class: ClassVar[type[MemoryEmitter]] = MemoryEmitter

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=ImpatientLoop)
        self.clock = Clock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
        self.database = MemoryDatabase()
        self.kafka = MemoryKafka()
        self.observer = ObservedFacts()
        self.processes: dict[Source, Process] = {}
        self.model = Model()
        self.sent: list[tuple[Source, IncomingRecord]] = []
        self.request_ids: list[str] = ["r-never"]
        self.attempts: Counter[str] = Counter()
        self.explained = 0
        self.emissions_watched = 0
        self.told: dict[bytes, bytes] = {}
        self.events: Counter[str] = Counter()

    def teardown(self) -> None:
        """Serve all that is left, without faults; then everything must have been told, once."""
        try:
            self.serve_all()
            self.watch()
            self.everything_was_told()
        finally:
            self.runner.close()

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
        self.model.add((campaign, kind), [one.code_id for one in codes])

    @rule(
        to=st.sampled_from(RESERVES),
        use=uses,
        campaign=campaigns,
        fan=fans,
        kind=kinds,
        quantity=quantities,
        ttl_s=times_to_live,
    )
    def reserve(self, to: Source, use: str, campaign: str, fan: str, kind: str, quantity: int, ttl_s: int) -> None:
        """Somebody wants to hold codes."""
        fields = {"campaign_id": campaign, "fan_id": fan, "code_type": kind, "quantity": quantity, "ttl_s": ttl_s}
        self.send(to, {"request_id": self.request_id(use), **fields})

    @rule(to=st.sampled_from(ASSIGNS), use=uses, campaign=campaigns, fan=fans, kind=kinds, quantity=quantities)
    def assign_from_stock(self, to: Source, use: str, campaign: str, fan: str, kind: str, quantity: int) -> None:
        """Somebody wants codes at once."""
        fields = {"campaign_id": campaign, "fan_id": fan, "code_type": kind, "quantity": quantity}
        self.send(to, {"request_id": self.request_id(use), **fields})

    @rule(to=st.sampled_from(ASSIGNS), use=uses, which=numbers, fan=holders, late=delays)
    def assign(self, to: Source, use: str, which: int, fan: str, late: float) -> None:
        """Somebody wants what was held, in time or not, theirs or not."""
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
        """Somebody gives back what was held."""
        reservation_id, campaign, holder = self.reservation(which)
        fields = {"campaign_id": campaign, "reservation_id": reservation_id, "reason": reason}
        if fan is not None:
            fields["fan_id"] = holder if fan == "the holder" else fan
        self.send(to, {"request_id": self.request_id(use), **fields}, late)

    @rule(late=delays)
    def expire(self, late: float) -> None:
        """The expirer looks for what is overdue by its own clock, which may be a little wrong."""
        for reservation in list(self.database.reservations.values()):
            overdue = reservation.expires_at is not None and reservation.expires_at <= self.clock.now + timedelta(
                seconds=2
            )
            if reservation.state == "held" and overdue:
                self.attempts[reservation.id] += 1
                self.send(
                    RELEASES[0],
                    {
                        "request_id": f"expire:{reservation.id}:{self.attempts[reservation.id]}",
                        "campaign_id": reservation.campaign_id,
                        "reservation_id": reservation.id,
                        "reason": "expired",
                    },
                    late,
                )

    @rule(which=numbers, same_partition=st.booleans())
    def repeat(self, which: int, same_partition: bool) -> None:
        """A sender got no answer and asks again, perhaps on another partition."""
        if not self.sent:
            return
        source, record = self.sent[-1 - which % len(self.sent)]
        to = source if same_partition else Source(source.topic, 1 - source.partition)
        self.sent.append((to, self.kafka.send(to, record.value, self.clock.now, key=record.key)))

    @rule(to=st.sampled_from(SOURCES), value=st.sampled_from(GARBAGE))
    def garbage(self, to: Source, value: bytes | None) -> None:
        """Somebody sends what cannot be read."""
        self.kafka.send(to, value, self.clock.now)

    @rule(seconds=st.sampled_from([0.0005, 1, 59, 61, 3_700, -0.5, -3]))
    def clock_steps(self, seconds: float) -> None:
        """Time goes on, or is set right."""
        self.clock.step(seconds)

    # what the service does

    @rule(which=numbers, limit=st.integers(1, 6), fault=st.sampled_from(FAULTS))
    def serve(self, which: int, limit: int, fault: Fault) -> None:
        """One batch, with a fault at one place."""
        self.serve_one(self.waiting(which), limit, fault)

    @rule(which=numbers, other=numbers, fault=st.sampled_from(FAULTS))
    def serve_two_at_once(self, which: int, other: int, fault: Fault) -> None:
        """Between one's gather and its apply another decides a whole batch."""
        first, second = self.waiting(which), self.waiting(other)
        if first == second:
            self.taken_over(which)
            return
        process = self.process(first)
        arrange(process, fault)
        process.store.faults.meanwhile = lambda: self.turn(second, self.process(second), 6)
        self.run(self.turn(first, process, 6))

    @rule(which=numbers)
    def taken_over(self, which: int) -> None:
        """A paused owner wakes up after its partition has gone elsewhere, in the middle of a batch."""
        source = self.waiting(which)
        former = self.process(source)
        arrange(former, "none")
        former.store.faults.meanwhile = lambda: self.turn(source, self.restarted(source), 6)
        self.run(self.turn(source, former, 6))

    @rule()
    def serve_all(self) -> None:
        """A quiet time: everything is answered."""
        for source in SOURCES:
            while self.kafka.pending(source):
                self.serve_one(source, 100, "none")

    @rule(source=st.sampled_from((*RESERVES, *ASSIGNS)))
    def stock_grows_stale(self, source: Source) -> None:
        """What a stock holds has gone to others meanwhile."""
        gone = (one for one in self.database.codes.values() if one.status != CodeStatus.AVAILABLE)
        for one in list(gone):
            key = StockKey(one.campaign_id, one.code_type)
            self.process(source).store.put_in_stock(key, [Candidate(one.id, one.code)])

    # how

    def serve_one(self, source: Source, limit: int, fault: Fault) -> None:
        """One turn of one source."""
        process = self.process(source)
        arrange(process, fault)
        self.run(self.turn(source, process, limit))

    def send(self, to: Source, fields: dict[str, Any], late: float = 0) -> None:
        """A record with its time of append, which need not be that of the decision."""
        at = self.clock.now + timedelta(seconds=late)
        self.sent.append((to, self.kafka.send(to, json.dumps(fields).encode(), at, key=b"k")))

    def request_id(self, use: str) -> str:
        """A sender's choice of an id."""
        if use == "new":
            self.request_ids.append(f"r-{len(self.request_ids)}")
        return self.request_ids[-1] if use == "new" else self.request_ids[len(self.sent) % len(self.request_ids)]

    def reservation(self, which: int) -> tuple[str, str, str]:
        """Somebody's reservation: more often one that is held, sometimes one that is over or never was."""
        known = [(one.id, one.campaign_id, one.fan_id) for one in self.database.reservations.values()]
        held = [one for one in known if self.database.reservations[one[0]].state == "held"]
        chosen = [*held, *held, *known, ("r-never", "c-0", "f-0"), (self.request_ids[-1], "c-0", "f-0")]
        return chosen[which % len(chosen)]

    def waiting(self, which: int) -> Source:
        """A source that has something to serve, if any has."""
        waiting = [source for source in SOURCES if self.kafka.pending(source)] or SOURCES
        return waiting[which % len(waiting)]

    def process(self, source: Source) -> Process:
        """Who serves the source now."""
        return self.processes.get(source) or self.restarted(source)

    def restarted(self, source: Source) -> Process:
        """A new owner, with an empty stock."""
        store = self.store_class(self.database, source.shard, tells_values=source.topic == ASSIGN.name)
        opened = self.kafka.open_emitter(source)
        emitter = self.emitter_class(opened.kafka, source, opened.epoch)
        context = WorkerContext(
            topics=TOPICS,
            group="g",
            limits=WorkerSettings(attempts_max=ATTEMPTS_MAX),
            observer=self.observer,
            failpoint=Failpoint(),
            replies=ReplyTopics((), no_topic, self.observer),
            clock=self.clock,
        )
        work = RequestPartition(source.shard, source.topic, store, context)
        self.processes[source] = Process(store, emitter, work)
        return self.processes[source]

    async def turn(self, source: Source, process: Process, limit: int) -> None:
        """One turn of a partition's loop, as `consumers.loop.partition` has it."""
        records = self.kafka.pending(source)[:limit]
        if not records:
            return
        try:
            await process.work.serve(records, process.emitter, asyncio.Event())
        except Crashed:
            self.restarted(source)
        except EmitFailed:
            assert not process.emitter.failures, "only an arranged failure may fail"
        except PartitionFenced:
            assert process is not self.processes[source], "only a former owner may be fenced"

    def run(self, turn: Any) -> None:  # a coroutine
        """Take a turn, then see whether what was decided makes sense."""
        self.runner.run(turn)
        for process in self.processes.values():
            process.store.faults.meanwhile = None
        self.explain(self.database.applied[self.explained :])
        self.explained = len(self.database.applied)

    def explain(self, plans: Sequence[Plan]) -> None:
        """Raises unless the decisions are those of some order of the requests."""
        in_order = [decision(answer, plan) for plan in plans for answer in plan.answers]
        shards = dict.fromkeys(plan.batch_id.rpartition("@")[0] for plan in plans)
        self.model = explained(self.model, in_order, [stream_of(plans, shard) for shard in shards])

    # what must be true after every step

    @invariant()
    def a_code_has_at_most_one_holder(self) -> None:
        """And it is in the status that its reservation says, moved by the same batch."""
        holders = Counter(
            code_id
            for one in self.database.reservations.values()
            if one.state in ("held", "assigned")
            for code_id in one.code_ids
        )
        assert not [code_id for code_id, count in holders.items() if count > 1]
        for one in self.database.reservations.values():
            if one.state in ("held", "assigned"):
                status = CodeStatus.RESERVED if one.state == "held" else CodeStatus.ASSIGNED
                codes = [self.database.codes[code_id] for code_id in one.code_ids]
                assert {(status, one.moved_by)} == {(code.status, code.moved_by) for code in codes}
        free = {one.id for one in self.database.codes.values() if one.status == CodeStatus.AVAILABLE}
        assert self.database.codes.keys() - holders.keys() == free

    @invariant()
    def the_counts_are_true(self) -> None:
        """Codes by status, shards by sum, and the model agree."""
        codes = Counter((one.campaign_id, one.code_type, str(one.status)) for one in self.database.codes.values())
        assert self.model.counts() == codes
        assert codes == summed(self.database.inventory.values())

    @invariant()
    def the_ledger_is_what_was_decided(self) -> None:
        """One entry a request id, with the answer that was given."""
        ledger = {rid: json.loads(entry.outcome.to_json()) for rid, entry in self.database.requests.items()}
        assert {rid: entry.body for rid, entry in self.model.ledger.items()} == ledger

    @invariant()
    def watch(self) -> None:
        """What became visible since the last step is one answer a record, and the same as ever."""
        for emission in self.kafka.emissions[self.emissions_watched :]:
            self.watch_answers(emission)
            self.watch_letters(emission)
            self.watch_events(emission)
        self.emissions_watched = len(self.kafka.emissions)
        self.assigned_codes_are_told_once()

    def assigned_codes_are_told_once(self) -> None:
        """As soon as their record is committed, and never again."""
        assert not [code_id for code_id, count in self.events.items() if count > 1]
        for entry in self.database.requests.values():
            if entry.outcome.outcome == "assigned" and self.is_told(entry.source):
                assert set(entry.outcome.code_ids) <= self.events.keys()

    def watch_answers(self, emission: Emission) -> None:
        """One result a record that has a request id, in order, byte by byte as it was told before."""
        results = of_topic(emission, RESULTS.name)
        answerable = [record for record in emission.consumed if request_id_of(record) is not None]
        assert [request_id_of(record) for record in answerable] == [body(one)["request_id"] for one in results]
        for record, result in zip(answerable, results, strict=True):
            event_id, value = header(result, "ce_id"), result.value
            assert event_id is not None
            assert value is not None
            assert SECRET.encode() not in value
            assert record.key == result.key
            assert self.told.setdefault(event_id, value) == value

    def watch_letters(self, emission: Emission) -> None:
        """One dead letter a record that cannot be read, with its own bytes."""
        unreadable = [record.value for record in emission.consumed if record.value in GARBAGE]
        assert unreadable == [letter.value for letter in of_topic(emission, DEAD_LETTERS.name)]

    def watch_events(self, emission: Emission) -> None:
        """Each assigned event says what is so: whose the code is, and the code itself."""
        for record in of_topic(emission, ASSIGNED.name):
            event = body(record)
            hold = self.model.holds.get(event["reservation_id"])
            assert hold is not None
            assert event["code_id"] in hold.codes
            assert hold.fan == event["fan_id"]
            assert self.database.codes[event["code_id"]].code == event["code"]
            self.events[event["code_id"]] += 1

    def is_told(self, source: str) -> bool:
        """Whether the outputs of the record that was decided are visible."""
        shard, _, offset = source.partition("@")
        topic, _, partition = shard.rpartition(".")
        return self.kafka.is_committed(Source(topic, int(partition)), int(offset))

    def everything_was_told(self) -> None:
        """At the end a reader who adds up the events knows what the database knows."""
        assigned = {one.id for one in self.database.codes.values() if one.status == CodeStatus.ASSIGNED}
        assert assigned == self.events.keys()
        shards = {one.id: one for one in self.database.inventory.values() if one.shard != IMPORT_SHARD}
        visible = [body(one) for emission in self.kafka.emissions for one in of_topic(emission, INVENTORY.name)]
        assert {key: one.version for key, one in shards.items()} == highest(visible)
        for one in visible:
            shard = shards[f"{one['campaign_id']}:{one['code_type']}:{one['shard']}"]
            if one["version"] == shard.version:
                expected = (shard.available, shard.reserved, shard.assigned)
                assert expected == (one["available"], one["reserved"], one["assigned"])


async def no_topic(_: str) -> int:
    """No reply topic exists."""
    return 0


def arrange(process: Process, fault: Fault) -> None:
    """Let one thing go wrong in the next turn; what was arranged before is over."""
    faults, emitter = process.store.faults, process.emitter
    faults.crash = None
    if fault in ("crash_before_apply", "crash_after_apply"):
        faults.crash = "before_apply" if fault == "crash_before_apply" else "after_apply"
    faults.answers_lost = 2 if fault == "answer_lost" else 0
    faults.refusals = [FactsStale("arranged")] * (ATTEMPTS_MAX + 1) if fault == "others_always_faster" else []
    emitter.crash = None
    if fault in ("crash_before_emit", "crash_after_emit"):
        emitter.crash = "before_emit" if fault == "crash_before_emit" else "after_emit"
    emitter.failures = 1 if fault == "emit_fails" else 0


def decision(answer: Answer, plan: Plan) -> tuple[Ask, dict[str, Any]]:
    """An answer as the model knows it."""
    record = answer.asked.record
    assert record.value is not None
    fields = json.loads(record.value)
    operation = OPERATIONS[TOPICS.bare(record.topic)]
    defaults = DEFAULTS["assign a reservation" if operation == "assign" and "reservation_id" in fields else operation]
    asked_at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=record.timestamp_ms)
    ask = Ask(operation, {**defaults, **fields}, asked_at, to_milliseconds(plan.decided_at))
    return ask, json.loads(answer.result.to_json())


def stream_of(plans: Iterable[Plan], shard: str) -> Stream:
    """What one partition decided."""
    return [
        decision(answer, plan)
        for plan in plans
        if plan.batch_id.rpartition("@")[0] == shard
        for answer in plan.answers
    ]


def request_id_of(record: IncomingRecord) -> str | None:
    """The request id that a record's sender is answered under."""
    with suppress(ValueError):
        fields = json.loads(record.value or b"")
        return fields.get("request_id") if isinstance(fields, dict) else None
    return None


def of_topic(emission: Emission, name: str) -> list[OutgoingRecord]:
    """The records of one topic."""
    return [record for record in emission.records if TOPICS.bare(record.topic) == name]


def summed(shards: Iterable[InventoryDocument]) -> Counter[tuple[str, str, str]]:
    """Codes by campaign, type and status, as the shards say; what is zero is left out."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in shards:
        for status in ("available", "reserved", "assigned"):
            counts[one.campaign_id, one.code_type, status] += getattr(one, status)
    return Counter({key: count for key, count in counts.items() if count})


def highest(events: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The highest version of each shard that a reader has seen."""
    versions: dict[str, int] = {}
    for one in events:
        key = f"{one['campaign_id']}:{one['code_type']}:{one['shard']}"
        versions[key] = max(versions.get(key, 0), one["version"])
    return versions
