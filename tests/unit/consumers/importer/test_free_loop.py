"""What an import costs is paid by threads: the event loop stays free for the other partitions and for heartbeats."""

import asyncio
import time

from tests.fakes.import_store import MemoryImports, MemoryObjects
from tests.unit.consumers.importer.serving import Importer, rows_of

ROWS = 50_000
SHARE_MAX = 0.5
"""Of all CPU time. It was 0.19, the store in memory included, and would be near 1 without threads."""


def test_rows_are_read_outside_of_the_event_loop() -> None:
    """Judged by CPU time, which other programs on the machine do not change."""
    importer = Importer(MemoryImports(), MemoryObjects(rows_of(ROWS)))
    of_loop_s, of_all_s = time.thread_time(), time.process_time()
    asyncio.run(importer.serve())
    of_loop_s, of_all_s = time.thread_time() - of_loop_s, time.process_time() - of_all_s

    assert ROWS == importer.end["inserted"]
    assert of_loop_s <= SHARE_MAX * of_all_s
