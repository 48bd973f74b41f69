"""The service under test: the real partition code on a database and a broker in memory, one fault at a time.

In:       a source, how many records to serve, and what fails meanwhile.
Out:      the plans that were committed (`database.applied`) and the transactions (`kafka.emissions`).
Promise:  a turn ends as in the partition's loop: a crash restarts the process, a fenced owner stops.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from consumers.worker.batch import RequestPartition
from handlers.requests.facts import Candidate, StockKey
from schemas.base import CodeStatus
from schemas.errors import EmitFailed, FactsStale, PartitionFenced
from schemas.settings import WorkerSettings
from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.fakes.faults import Crashed
from tests.fakes.kafka import MemoryEmitter, MemoryKafka, Source
from tests.fakes.memory_store import MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.serving import a_context
from tests.fakes.time import Clock, ImpatientLoop

RESERVES: Final = (Source(RESERVE.name, 0), Source(RESERVE.name, 1))
ASSIGNS: Final = (Source(ASSIGN.name, 0), Source(ASSIGN.name, 1))
RELEASES: Final = (Source(RELEASE.name, 0), Source(RELEASE.name, 1))
SOURCES: Final = (*RESERVES, *ASSIGNS, *RELEASES)
LIMITS: Final = WorkerSettings(attempts_max=2)

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


@dataclass(slots=True)
class Process:
    """Who serves a source: what is lost when it dies."""

    store: MemoryCodeStore
    emitter: MemoryEmitter
    work: RequestPartition

    def arrange(self, fault: Fault) -> None:
        """Let one thing fail in the next turn; drop what was arranged before."""
        faults, emitter = self.store.faults, self.emitter
        faults.crash = None
        if fault in ("crash_before_apply", "crash_after_apply"):
            faults.crash = "before_apply" if fault == "crash_before_apply" else "after_apply"
        faults.answers_lost = 2 if fault == "answer_lost" else 0
        faults.refusals = []
        if fault == "others_always_faster":
            faults.refusals += [FactsStale("arranged")] * (LIMITS.attempts_max + 1)
        emitter.crash = None
        if fault in ("crash_before_emit", "crash_after_emit"):
            emitter.crash = "before_emit" if fault == "crash_before_emit" else "after_emit"
        emitter.failures = 1 if fault == "emit_fails" else 0


class Service:
    """All partitions of all request topics, each with a process of its own."""

    def __init__(self, store_class: type[MemoryCodeStore], emitter_class: type[MemoryEmitter]) -> None:
        self.clock = Clock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
        self.database = MemoryDatabase()
        self.kafka = MemoryKafka()
        self._runner = asyncio.Runner(loop_factory=ImpatientLoop)
        self._store_class = store_class
        self._emitter_class = emitter_class
        self._observer = ObservedFacts()
        self._processes: dict[Source, Process] = {}

    def close(self) -> None:
        """Close the event loop."""
        self._runner.close()

    def waiting(self, which: int) -> Source:
        """A source with records to serve, if any has."""
        waiting = [source for source in SOURCES if self.kafka.pending(source)] or SOURCES
        return waiting[which % len(waiting)]

    def serve(self, source: Source, limit: int, fault: Fault) -> None:
        """One turn of one source."""
        process = self._process(source)
        process.arrange(fault)
        self._run(self._turn(source, process, limit))

    def serve_two_at_once(self, first: Source, second: Source, fault: Fault) -> None:
        """Decide a whole batch of the second source between the first one's gather and its apply."""
        process = self._process(first)
        process.arrange(fault)
        process.store.faults.meanwhile = lambda: self._turn(second, self._process(second), 6)
        self._run(self._turn(first, process, 6))

    def close_meanwhile(self, source: Source, campaign_id: str, *, is_closed: bool) -> None:
        """Close or reopen a campaign between a batch's gather and its apply."""
        process = self._process(source)
        process.arrange("none")

        async def close() -> None:
            self.database.set_closed(campaign_id, is_closed=is_closed)

        process.store.faults.meanwhile = close
        self._run(self._turn(source, process, 6))

    def take_over(self, source: Source) -> None:
        """A paused owner wakes up in the middle of a batch, after a new owner has served its partition."""
        former = self._process(source)
        former.arrange("none")
        former.store.faults.meanwhile = lambda: self._turn(source, self._restart(source), 6)
        self._run(self._turn(source, former, 6))

    def make_stock_stale(self, source: Source) -> None:
        """Put codes into the stock that have left it meanwhile."""
        for code in self.database.codes.values():
            if code.status != CodeStatus.AVAILABLE:
                key = StockKey(code.campaign_id, code.code_type)
                self._process(source).store.put_in_stock(key, [Candidate(code.id, code.code)])

    def _process(self, source: Source) -> Process:
        return self._processes.get(source) or self._restart(source)

    def _restart(self, source: Source) -> Process:
        store = self._store_class(self.database, source.shard, publishes_code_values=source.topic == ASSIGN.name)
        opened = self.kafka.open_emitter(source)
        emitter = self._emitter_class(opened.kafka, source, opened.epoch)
        context = a_context(self._observer, limits=LIMITS, clock=self.clock)
        work = RequestPartition(source.shard, source.topic, store, context)
        self._processes[source] = Process(store, emitter, work)
        return self._processes[source]

    async def _turn(self, source: Source, process: Process, limit: int) -> None:
        """One turn of a partition's loop, as `consumers.loop.partition` has it."""
        records = self.kafka.pending(source)[:limit]
        if not records:
            return
        try:
            await process.work.serve(records, process.emitter, asyncio.Event())
        except Crashed:
            self._restart(source)
        except EmitFailed:
            assert not process.emitter.failures, "only an arranged failure may fail"
        except PartitionFenced:
            assert process is not self._processes[source], "only a former owner may be fenced"

    def _run(self, turn: Coroutine[Any, Any, None]) -> None:
        self._runner.run(turn)
        for process in self._processes.values():
            process.store.faults.meanwhile = None
