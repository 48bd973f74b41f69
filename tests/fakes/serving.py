"""One partition served in memory: requests in, results out.

Out: `Bench`; a batch a call.
"""

import asyncio
from typing import Any

from consumers.loop.failpoints import Failpoint
from consumers.worker.batch import RequestPartition
from consumers.worker.context import WorkerContext
from producers.reply_topics import ReplyTopics
from schemas.records import OutgoingRecord
from schemas.settings import WorkerSettings
from schemas.topics import ASSIGN, RESERVE
from tests.fakes.builders import NOW, TM, TOPICS, body, candidates
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.memory_store import MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import Clock, run

SOURCE = Source(RESERVE.name, 0)


class Bench:
    """One partition with ten codes, and records that wait to be served."""

    def __init__(
        self,
        *values: bytes,
        reply_partitions: int = 1,
        limits: WorkerSettings | None = None,
        source: Source = SOURCE,
        database: MemoryDatabase | None = None,
        beside: "Bench | None" = None,
    ) -> None:
        """`beside`: another partition of the same process, which shares what is known of reply topics."""
        self.source = source
        self.database = database or MemoryDatabase()
        if database is None:
            self.database.add_codes(TM, candidates(10), NOW)
        self.kafka = MemoryKafka()
        for value in values:
            self.kafka.send(source, value, NOW, headers=(("reply-topic", b"answers"),))
        self.store = MemoryCodeStore(self.database, source.shard, tells_values=source.topic == ASSIGN.name)
        self.observer = ObservedFacts()
        self.emitter = self.kafka.open_emitter(source)
        self.reached: list[str] = []
        self.reply_partitions = reply_partitions
        self.now_s = 1_000.0
        own = ReplyTopics(["answers"], self.look_up, self.observer, lambda: self.now_s)
        self.replies: ReplyTopics = own if beside is None else beside.replies
        context = WorkerContext(
            topics=TOPICS,
            group="codes-worker",
            limits=limits or WorkerSettings(attempts_max=2),
            observer=self.observer,
            failpoint=Failpoint(),
            replies=self.replies,
            clock=Clock(NOW),
        )
        self.context = context
        self.use(self.store)

    def use(self, store: MemoryCodeStore) -> None:
        """Serve the partition with this store."""
        self.work = RequestPartition(self.source.shard, self.source.topic, store, self.context)

    async def look_up(self, name: str) -> int:
        """The reply topic's partitions, as they are now."""
        return self.reply_partitions

    def serve(self) -> None:
        """One batch of all that waits."""
        run(self.work.serve(self.kafka.pending(self.source), self.emitter, asyncio.Event()))

    def visible(self, name: str = "results.v1") -> list[OutgoingRecord]:
        """What a reader of a topic sees."""
        records = [record for emission in self.kafka.emissions for record in emission.records]
        return [record for record in records if TOPICS.bare(record.topic) == name]

    def outcomes(self) -> list[Any]:
        """Of the visible results, in order."""
        return [body(record)["outcome"] for record in self.visible()]
