"""One partition of the importer in this process, on a real MongoDB and a real S3, with hooks where things go wrong.

Out: `Partition` serves one command; `Objects` is S3 with hooks; `Emissions` keeps what it emits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import orjson

from consumers.importer.commands import ImportPartition
from consumers.importer.context import ImporterContext
from consumers.loop.failpoints import Failpoint
from ops.settings.load import Settings
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.settings import ImporterSettings
from schemas.topics import Topics
from stores.import_port import ObjectPlace, ObjectSeen, ObjectStore
from stores.mongo.codes import MongoParts
from stores.mongo.connection import Database
from stores.mongo.imports import MongoImportStore
from stores.s3.objects import S3Objects
from tests.fakes.observer import ObservedFacts

SMALL = ImporterSettings(range_bytes=1_024, rows_per_chunk_max=50, progress_every_s=60)


@dataclass
class Emissions:
    """An emitter that keeps its records and offsets."""

    records: list[OutgoingRecord] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        self.records += records
        self.offsets += [] if next_offset is None else [next_offset]

    def events(self, topic: str) -> list[dict[str, object]]:
        """The values of a topic."""
        return [orjson.loads(record.value or b"") for record in self.records if record.topic.endswith(topic)]

    @property
    def end(self) -> dict[str, object]:
        """The last event."""
        return self.events("imports.v1")[-1]


Hook = Callable[[int], Awaitable[None]]


async def nothing(number: int) -> None:
    """A hook that does nothing."""


@dataclass
class Objects:
    """S3 with something that happens before the n-th read (from 1), and before each report."""

    inner: S3Objects
    before_read: Hook = nothing
    before_write: Hook = nothing
    reads: int = 0
    writes: int = 0

    async def look(self, place: ObjectPlace) -> ObjectSeen:
        """See `ObjectStore.look`."""
        return await self.inner.look(place)

    async def read(self, place: ObjectPlace, etag: str, start: int, stop: int) -> bytes:
        """See `ObjectStore.read`."""
        self.reads += 1
        await self.before_read(self.reads)
        return await self.inner.read(place, etag, start, stop)

    async def write(self, place: ObjectPlace, pieces: AsyncIterator[bytes]) -> None:
        """See `ObjectStore.write`."""
        self.writes += 1
        await self.before_write(self.writes)
        await self.inner.write(place, pieces)


@dataclass
class Partition:
    """One partition, with an emitter and an observer that keep what it does."""

    parts: MongoParts
    objects: ObjectStore
    settings: ImporterSettings = SMALL
    number: int = 0
    store: type[MongoImportStore] = MongoImportStore
    emitter: Emissions = field(default_factory=Emissions)
    observer: ObservedFacts = field(default_factory=ObservedFacts)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, *commands: dict[str, str], offset: int = 7) -> dict[str, object]:
        """Serve commands as their new owner; gives the last event."""
        limits = Settings().worker.model_copy(update={"backoff_max_ms": 50})
        context = ImporterContext(
            Topics("t."), "group", limits, self.settings, self.observer, Failpoint(), self.objects
        )
        shard = f"import.commands.v1.{self.number}"
        partition = ImportPartition(shard, self.store(self.parts, shard), context)
        records = [
            IncomingRecord(
                "t.import.commands.v1", self.number, at, 1_795_485_600_000, b"sale", orjson.dumps(command), ()
            )
            for at, command in enumerate(commands, start=offset)
        ]
        await partition.take_over()
        await partition.serve(records, self.emitter, self.stopping)
        return self.emitter.end


async def check_codes(db: Database, expected: int) -> None:
    """So many codes, none twice, as many as the shards say and as the imports inserted."""
    codes = [code["code"] async for code in db["codes"].find({})]
    assert expected == len(codes) == len(set(codes))
    assert expected == sum([shard["available"] async for shard in db["inventory"].find({})])
    assert expected == sum([document["inserted"] async for document in db["imports"].find({})])
