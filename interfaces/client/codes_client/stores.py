"""Which events have been processed, by their `ce_id`.

In:       ids of events.
Out:      whether an event was processed.
Promise:  an event that is marked stays marked, for as long as the store keeps it.
"""

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

KNOWN_MAX: Final = 1_000_000


class Store(Protocol):
    """Your own: mark the event in the transaction of your work, and nothing is ever done twice."""

    async def is_done(self, event_id: str) -> bool:
        """Whether this event was processed."""
        ...

    async def mark_done(self, event_ids: Iterable[str]) -> None:
        """These events were processed; some may be marked already."""
        ...


class MemoryStore:
    """Forgets at the end of the process: enough where a repetition after a restart does no harm."""

    def __init__(self, known_max: int = KNOWN_MAX) -> None:
        self._done: OrderedDict[str, None] = OrderedDict()
        self._known_max = known_max

    async def is_done(self, event_id: str) -> bool:
        """See `Store`."""
        return event_id in self._done

    async def mark_done(self, event_ids: Iterable[str]) -> None:
        """See `Store`."""
        self._done.update(dict.fromkeys(event_ids))
        while len(self._done) > self._known_max:
            self._done.popitem(last=False)


class SqliteStore:
    """In a file, for a reader of one process."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._turn = Lock()  # a connection has one transaction at a time
        self._db.execute("CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY) WITHOUT ROWID")

    async def is_done(self, event_id: str) -> bool:
        """See `Store`."""
        return await asyncio.to_thread(self._is_done, event_id)

    async def mark_done(self, event_ids: Iterable[str]) -> None:
        """See `Store`."""
        await asyncio.to_thread(self._mark_done, list(event_ids))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _is_done(self, event_id: str) -> bool:
        with self._turn:
            return self._db.execute("SELECT 1 FROM done WHERE event_id = ?", (event_id,)).fetchone() is not None

    def _mark_done(self, event_ids: list[str]) -> None:
        with self._turn, self._db:
            self._db.executemany("INSERT OR IGNORE INTO done VALUES (?)", [(event_id,) for event_id in event_ids])
