"""One partition of the importer on stores in memory, in time that passes at once.

Out: `Importer`, which serves commands; the process's health and what it published.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from consumers.importer.commands import ImportPartition
from consumers.importer.context import ImporterContext
from consumers.loop.failpoints import Failpoint
from ops.telemetry.health import Health
from schemas.observation.fact import Fact
from schemas.observation.partitions import LoopTurned, PartAvailable, PartUnavailable
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.requests import ImportCommand, content_digest
from schemas.settings import ImporterSettings, WorkerSettings
from schemas.topics import Topics
from tests.fakes.import_store import MemoryImports, MemoryObjects
from tests.fakes.observer import ObservedFacts

TOPIC: Final = "t.import.commands.v1"
COMMAND: Final = {"campaign_id": "sale", "bucket": "files", "key": "codes.csv"}
LOOK_S: Final = 1.0
"""Between two looks at the process's health."""


def rows_of(count: int) -> bytes:
    """An object of so many codes."""
    return b"".join(b"CODE-%06d\n" % number for number in range(count))


class HealthFacts(ObservedFacts):
    """Facts, and the health that is made from them, as `ops.telemetry.observer` does it."""

    health: Health | None = None

    def observe(self, fact: Fact, /) -> None:
        """Remember it, and keep health true."""
        super().observe(fact)
        assert self.health is not None
        match fact:
            case LoopTurned(topic, partition):
                self.health.turned(topic, partition)
            case PartUnavailable(part):
                self.health.waits_for(part)
            case PartAvailable(part) if part in self.health.ready().missing:
                self.health.answered(part)


@dataclass(slots=True)
class Importer:
    """One process with one partition."""

    store: MemoryImports
    objects: MemoryObjects
    rows_per_chunk_max: int = 5_000
    records: list[OutgoingRecord] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    observer: HealthFacts = field(default_factory=HealthFacts)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    killed_at_s: float | None = None
    """When `/live` failed first."""

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        self.records += records
        self.offsets += [] if next_offset is None else [next_offset]

    async def serve(self, import_ids: Iterable[str] = ("i-1",)) -> None:
        """Serve a command for each of these imports, and watch the process's health meanwhile."""
        loop = asyncio.get_running_loop()
        health = Health(consumes=True, clock=loop.time)
        self.observer.health = health
        health.assigned(frozenset({(TOPIC, 0)}))
        watch = asyncio.create_task(self._watch(health))
        try:
            await self._partition().serve([a_command(name) for name in import_ids], self, self.stopping)
        finally:
            watch.cancel()

    @property
    def end(self) -> dict[str, Any]:
        """The last event of an import."""
        events = [record for record in self.records if record.topic.endswith("imports.v1")]
        found: dict[str, Any] = orjson.loads(events[-1].value or b"")
        return found

    def _partition(self) -> ImportPartition:
        settings = ImporterSettings(rows_per_chunk_max=self.rows_per_chunk_max)
        context = ImporterContext(
            Topics("t."), "g", WorkerSettings(), settings, self.observer, Failpoint(), self.objects
        )
        return ImportPartition("import.commands.v1.0", self.store, context)

    async def _watch(self, health: Health) -> None:
        began_s = asyncio.get_running_loop().time()
        while health.live().well:  # noqa: ASYNC110  # it is looked at from outside, as a kubelet does
            await asyncio.sleep(LOOK_S)
        self.killed_at_s = asyncio.get_running_loop().time() - began_s


def a_command(import_id: str) -> IncomingRecord:
    """The record that asks for an import."""
    value = orjson.dumps(COMMAND | {"request_id": import_id})
    return IncomingRecord(TOPIC, 0, 7, 1_795_485_600_000, b"sale", value, ())


def the_command(import_id: str = "i-1") -> dict[str, str]:
    """What the import's document has of its command."""
    command = ImportCommand.model_validate(COMMAND | {"request_id": import_id})
    return {**COMMAND, "_id": import_id, "digest": content_digest(command)}
