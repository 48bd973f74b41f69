"""What an audit compares, in SQLite: more than memory holds, in a file that nobody else can read.

In:       rows, in any order.
Out:      a connection to ask, after `indexed`.
Promise:  no code's value is in it: values come as keyed digests, under a key that only this process has. The folder
          is this user's alone, and is removed at the end, also after Ctrl-C.
"""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Any, Final

Row = tuple[Any, ...]

ROWS_AT_ONCE: Final = 5_000
CACHE_KIB: Final = 192 * 1024
DIGEST_BYTES: Final = 16
TABLES: Final = {
    "known": "value, id",
    "asked": "kind, topic, part, at, ts, id, served, body",
    "letters": "topic, part, at, body",
    "results": "ts, ce_id, id, outcome, reason, many, operation, campaign, type, quantity, reservation, decided,"
    " body, says",
    "result_codes": "ts, decided, id, code_id",
    "assigned": "ts, ce_id, code_id, campaign, fan, id, value, body",
    "events": "ts, ce_id, campaign, type, shard, version, available, reserved, assigned, cause, changed, body",
    "imports_told": "ts, ce_id, import_id, state, reason, many, rows_read, inserted, duplicates, rejected, figures,"
    " body",
    "codes": "id, campaign, type, status, value, import_id, changed",
    "holds": "id, fan, state, expires, changed",
    "held": "code_id, hold, state, changed",
    "moving": "code_id",
    "ledger": "id, says",
    "shards": "id, campaign, type, version, available, reserved, assigned, changed",
    "imports": "id, state, rows_read, inserted, in_file, in_campaign, rejected, changed",
}
"""Columns by table. Instants are milliseconds since 1970. `kind` is the request topic's number, 3 for import
commands; `at` is an offset; `known` are the values that are looked for; `moving` are codes that a reservation moved
while the database was read."""
INDEXES: Final = (
    "asked(id, kind, ts, served)",
    "letters(topic, part, at)",
    "results(id, ts, operation, many, body, says)",
    "results(reason, campaign, type) WHERE reason IS NOT NULL",
    "assigned(code_id, fan, id, value)",
    "events(campaign, type, shard, version)",
    "imports_told(import_id)",
    "codes(id, status, changed)",
    "codes(value)",
    "holds(id)",
    "held(code_id, hold, state, changed)",
    "moving(code_id)",
    "shards(id)",
    "imports(id)",
)


class Tables:
    """Lives as long as its audit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """The tables are made here, without an index: to fill them is quicker so."""
        self.connection = connection
        self._key = token_bytes(32)
        self._indexes = 0
        self._waiting: defaultdict[str, list[Row]] = defaultdict(list)
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")

    def add(self, table: str, row: Row) -> None:
        """One row; it is written with others."""
        rows = self._waiting[table]
        rows.append(row)
        if len(rows) >= ROWS_AT_ONCE:
            self._write(table)

    def indexed(self) -> None:
        """Write what waits, and make the indexes. Once, when all is in."""
        self.flush()
        for what in INDEXES:
            self.index(what)

    def index(self, what: str) -> None:
        """Make one index, `table(columns)`."""
        self._indexes += 1
        self.connection.execute(f"CREATE INDEX index_{self._indexes} ON {what}")

    def code_of(self, value: str) -> str | None:
        """The id of the code that has a value, of those that are known."""
        found: Row | None = self.connection.execute(
            "SELECT id FROM known WHERE value = ?", (self.digest(value.encode()),)
        ).fetchone()
        return None if found is None else str(found[0])

    def flush(self) -> None:
        """Write what waits."""
        for table in list(self._waiting):
            self._write(table)

    def ask(self, question: str, **values: object) -> Iterator[Row]:
        """Rows, one at a time."""
        return iter(self.connection.execute(question, values))

    def number(self, question: str, **values: object) -> int:
        """The one number that a question is answered with; 0 for none."""
        found: Row = self.connection.execute(question, values).fetchone()
        return int(found[0] or 0)

    def digest(self, content: bytes) -> bytes:
        """What stands for bytes that may be secret."""
        return blake2b(content, digest_size=DIGEST_BYTES, key=self._key).digest()

    def _write(self, table: str) -> None:
        rows = self._waiting.pop(table, [])
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@contextmanager
def in_memory() -> Iterator[Tables]:
    """For what is in memory anyway."""
    with opened(":memory:") as tables:
        yield tables


@contextmanager
def on_disk() -> Iterator[Tables]:
    """In a folder of this user's alone (mode 0700), which is gone at the end; SQLite sorts in it, too."""
    with TemporaryDirectory(prefix="codes-audit-") as folder:
        before = os.environ.get("SQLITE_TMPDIR")
        os.environ["SQLITE_TMPDIR"] = folder
        try:
            with opened(f"{folder}/audit.db") as tables:
                yield tables
        finally:
            os.environ.pop("SQLITE_TMPDIR")
            if before is not None:
                os.environ["SQLITE_TMPDIR"] = before


@contextmanager
def opened(place: str) -> Iterator[Tables]:
    """Without journal and syncs: what a crash leaves is never read again."""
    connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "temp_store=FILE"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute("BEGIN")
        yield Tables(connection)
    finally:
        connection.close()
