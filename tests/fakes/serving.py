"""One partition of a request topic served in memory: requests in, results out.

Out: `a_context`, what a worker's partitions share; `ServedPartition`, which serves a batch a call; `reserve_bodies`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from consumers.loop.failpoints import Failpoint
from consumers.loop.tracing import UNTRACED, Tracer
from consumers.worker.authorizing import Authorizer
from consumers.worker.batch import RequestPartition
from consumers.worker.breaker import Breakers
from consumers.worker.context import WorkerContext
from producers.reply_topics import ReplyTopics
from schemas.clock import utc_now
from schemas.observation.fact import Observer
from schemas.records import OutgoingRecord
from schemas.settings import WorkerSettings
from schemas.topics import ASSIGN, RESERVE
from tests.fakes.builders import NOW, TM, TOPICS, a_reserve, body, candidates
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.memory_store import MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import Clock, SecondsClock, run

SOURCE = Source(RESERVE.name, 0)


def reserve_bodies(count: int) -> list[bytes]:
    """Requests for one code each."""
    return [a_reserve(request_id=f"r-{number}").to_json() for number in range(count)]


def a_context(
    observer: Observer,
    *,
    limits: WorkerSettings | None = None,
    replies: ReplyTopics | None = None,
    clock: Callable[[], datetime] = utc_now,
    tracer: Tracer = UNTRACED,
    authorizer: Authorizer | None = None,
) -> WorkerContext:
    """A worker's context: no reply topics, no failpoint, no traces, but for what the test names."""
    return WorkerContext(
        topics=TOPICS,
        group="codes-worker",
        limits=limits or WorkerSettings(),
        observer=observer,
        failpoint=Failpoint(),
        replies=replies or ReplyTopics((), no_topic, observer),
        clock=clock,
        tracer=tracer,
        authorizer=authorizer,
        breakers=Breakers((limits or WorkerSettings()).dead_letters_max),
    )


async def no_topic(_topic: str) -> int:
    """Look up a reply topic where there is none."""
    return 0


class ServedPartition:
    """One partition with ten codes, and the records that wait to be served."""

    def __init__(
        self,
        *values: bytes,
        reply_partitions: int = 1,
        limits: WorkerSettings | None = None,
        source: Source = SOURCE,
        database: MemoryDatabase | None = None,
        observer: ObservedFacts | None = None,
        tracer: Tracer = UNTRACED,
        beside: "ServedPartition | None" = None,
        authorizer: Authorizer | None = None,
    ) -> None:
        """`beside`: another partition of the same process, which shares what is known of reply topics."""
        self.source = source
        self.database = database or MemoryDatabase()
        if database is None:
            self.database.add_codes(TM, candidates(10), NOW)
        self.kafka = MemoryKafka()
        for value in values:
            self.kafka.send(source, value, NOW, headers=(("reply-topic", b"answers"),))
        self.store = MemoryCodeStore(self.database, source.shard, publishes_code_values=source.topic == ASSIGN.name)
        self.observer = ObservedFacts() if observer is None else observer
        self.emitter = self.kafka.open_emitter(source)
        self.reply_partitions = reply_partitions
        self.clock_s = SecondsClock()
        own = ReplyTopics(["answers"], self.look_up, self.observer, self.clock_s)
        self.replies: ReplyTopics = own if beside is None else beside.replies
        self.context = a_context(
            self.observer,
            limits=limits or WorkerSettings(attempts_max=2),
            replies=self.replies,
            clock=Clock(NOW),
            tracer=tracer,
            authorizer=authorizer,
        )
        self.use(self.store)

    def use(self, store: MemoryCodeStore) -> None:
        """Serve the partition with this store."""
        self.work = RequestPartition(self.source.shard, self.source.topic, store, self.context)

    async def look_up(self, name: str) -> int:
        """The reply topic's current number of partitions."""
        return self.reply_partitions

    def serve(self) -> None:
        """Serve all that waits as one batch."""
        run(self.work.serve(self.kafka.pending(self.source), self.emitter, asyncio.Event()))

    def visible(self, name: str = "results.v1") -> list[OutgoingRecord]:
        """The records of a topic that a `read_committed` reader sees."""
        records = [record for emission in self.kafka.emissions for record in emission.records]
        return [record for record in records if TOPICS.bare(record.topic) == name]

    def outcomes(self) -> list[Any]:
        """The outcomes of the visible results, in order."""
        return [body(record)["outcome"] for record in self.visible()]
