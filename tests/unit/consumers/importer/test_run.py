"""Chunks in parts: what was looked up in advance is used only while it is true. Skipped time."""

import pytest

from tests.fakes.import_store import MemoryImports, MemoryObjects
from tests.fakes.time import run
from tests.unit.consumers.importer.serving import Importer, rows_of


@pytest.mark.parametrize("rows_in_time", [60, 30, 1_000])
def test_a_code_of_an_earlier_part_is_a_duplicate(rows_in_time: int) -> None:
    """The last chunk repeats codes of the first part of the one before it, which it was looked up beside."""
    store = MemoryImports(rows_in_time=rows_in_time)
    importer = Importer(store, MemoryObjects(rows_of(100) + rows_of(10)), rows_per_chunk_max=100)
    run(importer.serve())

    assert (110, 100, 10) == tuple(importer.end[name] for name in ("rows_read", "inserted", "duplicates_in_file"))
    assert 100 == len(store.codes)


def test_a_chunk_is_looked_up_once() -> None:
    """In advance; the codes of the chunk before it, which is written meanwhile, are known without that."""
    store = MemoryImports()
    importer = Importer(store, MemoryObjects(rows_of(100) + rows_of(100)), rows_per_chunk_max=50)
    run(importer.serve())

    assert [50, 50, 50, 50] == store.look_ups
    assert (200, 100, 100) == tuple(importer.end[name] for name in ("rows_read", "inserted", "duplicates_in_file"))


def test_what_is_written_late_was_too_large_all_the_same() -> None:
    """It is counted once, and the next chunks are smaller: each time-out costs its whole time."""
    store = MemoryImports(rows_in_time=30, is_late=True)
    importer = Importer(store, MemoryObjects(rows_of(1_000)), rows_per_chunk_max=100)
    run(importer.serve())

    assert (1_000, 1_000) == tuple(importer.end[name] for name in ("rows_read", "inserted"))
    assert [100, 50, 25, 25] == store.tries[:4]


def test_progress_is_published_now_and_then() -> None:
    """At the start, at the end, and in between no more often than the setting says; the shards with it."""
    importer = Importer(MemoryImports(), MemoryObjects(rows_of(3_000), read_s=1.0), rows_per_chunk_max=10)
    run(importer.serve())

    events = [record for record in importer.records if record.topic == "t.imports.v1"]
    assert 2 < len(events) < 10
    assert [8] == importer.offsets
    assert "t.inventory.v1" == importer.records[-1].topic
