"""`/live` of an importer that waits: it is not killed for what would save the import. Real health, skipped time."""

import asyncio

import pytest

from ops.telemetry.health import SILENCE_MAX_S
from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError, FactsStale, StoreRefused
from schemas.observation.fact import Fact
from schemas.observation.imports import ChunkWritten
from tests.fakes.import_store import MemoryImports, MemoryObjects
from tests.fakes.time import run
from tests.unit.consumers.importer.serving import HealthFacts, Importer, rows_of

LONG_S = 500.0
"""Longer than any silence that `/live` allows, and not for ever."""


class StopsAtChunk(HealthFacts):
    """Stops the partition as soon as a chunk is written."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = asyncio.Event()

    def observe(self, fact: Fact, /) -> None:
        """See `Observer.observe`."""
        super().observe(fact)
        if isinstance(fact, ChunkWritten):
            self.stopping.set()


def served(importer: Importer) -> Importer:
    """After its command."""
    run(importer.serve())
    return importer


def test_chunks_that_time_out_one_after_the_other() -> None:
    """Five time-outs of 30 s, until a chunk is small enough: no turn of the loop is missed."""
    importer = served(Importer(MemoryImports(rows_in_time=600), MemoryObjects(rows_of(5_000))))

    assert importer.killed_at_s is None
    assert ("completed", 5_000) == (importer.end["state"], importer.end["inserted"])
    assert [5_000, 2_500, 1_250, 625, 312] == importer.store.tries[:5]


def test_a_time_out_longer_than_the_silence_that_is_allowed() -> None:
    """The longest one of the settings."""
    importer = served(Importer(MemoryImports(timeout_s=300.0, rows_in_time=3_000), MemoryObjects(rows_of(5_000))))

    assert importer.killed_at_s is None
    assert "completed" == importer.end["state"]


@pytest.mark.parametrize(
    "objects",
    [
        MemoryObjects(rows_of(10), read_s=LONG_S),
        MemoryObjects(rows_of(10) + b"A 1\n", write_s=LONG_S),
        MemoryObjects(rows_of(10) + b"A 1\n" * 400, piece_s=50.0),
    ],
    ids=["read", "uploaded", "uploaded in parts"],
)
def test_an_object_that_takes_its_time(objects: MemoryObjects) -> None:
    """A range that trickles in, a report on a narrow line."""
    importer = served(Importer(MemoryImports(), objects, rows_per_chunk_max=10))

    assert importer.killed_at_s is None
    assert ("completed", 10) == (importer.end["state"], importer.end["inserted"])


@pytest.mark.parametrize("why", [StoreRefused("121"), FactsStale("112", "write_conflict")])
def test_an_end_that_is_not_taken(why: CodeServiceError) -> None:
    """Hundreds of tries, each answered at once."""
    tries = 0

    def refuse(_before: ImportDocument | None, after: ImportDocument) -> CodeServiceError | None:
        nonlocal tries
        tries += after.state != "running"
        return why if after.state != "running" and tries < 1_000 else None

    importer = served(Importer(MemoryImports(refuse=refuse), MemoryObjects(rows_of(10))))

    assert importer.killed_at_s is None
    assert "completed" == importer.end["state"]


def test_a_look_up_that_times_out() -> None:
    """It is cut like a write, whether it was made in advance or not."""
    importer = served(Importer(MemoryImports(looked_up_in_time=100), MemoryObjects(rows_of(12_000))))

    assert importer.killed_at_s is None
    assert ("completed", 12_000) == (importer.end["state"], importer.end["inserted"])
    assert max(importer.store.tries) <= 100
    assert [5_000, 2_500, 1_250, 625, 312, 156, 78] == importer.store.look_ups[:7]


def test_the_next_owner_begins_with_the_size_that_works() -> None:
    """The import's document has it; another import knows nothing of it."""
    store, observer = MemoryImports(rows_in_time=600), StopsAtChunk()
    served(Importer(store, MemoryObjects(rows_of(20_000)), observer=observer, stopping=observer.stopping))
    store.tries.clear()

    second = served(Importer(store, MemoryObjects(rows_of(20_000))))

    assert ("completed", 20_000) == (second.end["state"], second.end["inserted"])
    assert 312 == store.tries[0]


def test_a_hanging_try_is_found() -> None:
    """After ten minutes, twice the longest time-out, the loop counts as silent."""
    importer = served(Importer(MemoryImports(), MemoryObjects(rows_of(10), read_s=3_000.0)))

    assert importer.killed_at_s is not None
    assert 600 <= importer.killed_at_s <= 600 + 2 * SILENCE_MAX_S
