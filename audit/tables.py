"""What an audit compares, in SQLite: more than memory holds, in a file that no other user can read.

In:       rows, in any order.
Out:      results of queries, after `create_indexes`.
Promise:  no code's value is in it: values come as keyed digests, under a key that only this process has. Only this
          user can read the folder; it is removed at the end, also after Ctrl-C.
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

ROWS_PER_WRITE: Final = 5_000
CACHE_KIB: Final = 192 * 1024
DIGEST_BYTES: Final = 16
TABLES: Final = {
    "code_values": "value, id",
    "incoming": "kind, topic, part, at, ts, id, served, body",
    "dead_letters": "topic, part, at, body",
    "results": "ts, ce_id, id, outcome, reason, many, operation, campaign, type, quantity, reservation, decided,"
    " body, content, fan",
    "result_codes": "ts, decided, id, code_id",
    "assigned": "ts, ce_id, code_id, campaign, fan, id, value, body",
    "shard_events": "ts, ce_id, campaign, type, shard, version, available, reserved, assigned, cause, changed, body",
    "import_events": "ts, ce_id, import_id, state, reason, many, rows_read, inserted, duplicates, rejected, figures,"
    " body",
    "codes": "id, campaign, type, status, value, import_id, changed",
    "reservations": "id, fan, state, expires, changed",
    "held_codes": "code_id, reservation, state, changed",
    "moving": "code_id",
    "ledger": "id, decided, content, fan",
    "shards": "id, campaign, type, version, available, reserved, assigned, changed",
    "imports": "id, state, rows_read, inserted, in_file, in_campaign, rejected, changed",
}
"""Columns by table. Instants are milliseconds since 1970. `kind` is the request topic's number, 3 for import
commands; `at` is an offset; `content` is a digest of all fields but the fan; `many` is set if an id may have several
of these; `code_values` are searched for; `moving` are codes that a reservation moved while the database was read."""
INDEXES: Final = (
    "incoming(id, kind, ts, served)",
    "dead_letters(topic, part, at)",
    "results(id, ts, operation, many, body, content, fan)",
    "results(reason, campaign, type) WHERE reason IS NOT NULL",
    "results(reservation) WHERE outcome = 'released'",
    "result_codes(code_id)",
    "assigned(code_id, fan, id, value)",
    "shard_events(campaign, type, shard, version)",
    "import_events(import_id)",
    "codes(id, status, changed)",
    "codes(value)",
    "reservations(id)",
    "held_codes(code_id, reservation, state, changed)",
    "moving(code_id)",
    "ledger(id)",
    "shards(id)",
    "imports(id)",
)


class Tables:
    """Lives as long as its audit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Creates the tables without an index: filling them is faster that way."""
        self.connection = connection
        self._key = token_bytes(32)
        self._indexes = 0
        self._buffered: defaultdict[str, list[Row]] = defaultdict(list)
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")

    def add(self, table: str, row: Row) -> None:
        """Add a row. Rows are written in batches."""
        rows = self._buffered[table]
        rows.append(row)
        if len(rows) >= ROWS_PER_WRITE:
            self._write(table)

    def create_indexes(self) -> None:
        """Write the buffered rows and create all indexes: once, after all rows were added."""
        self.flush()
        for columns in INDEXES:
            self.create_index(columns)

    def create_index(self, columns: str) -> None:
        """`columns` is `table(column, …)`."""
        self._indexes += 1
        self.connection.execute(f"CREATE INDEX index_{self._indexes} ON {columns}")

    def code_of(self, value: str) -> str | None:
        """The id of the code that has this value; None if no code has it."""
        found: Row | None = self.connection.execute(
            "SELECT id FROM code_values WHERE value = ?", (self.digest(value.encode()),)
        ).fetchone()
        return None if found is None else str(found[0])

    def flush(self) -> None:
        """Write the buffered rows."""
        for table in list(self._buffered):
            self._write(table)

    def rows(self, query: str, **parameters: object) -> Iterator[Row]:
        """The result of a query, row by row."""
        return iter(self.connection.execute(query, parameters))

    def scalar(self, query: str, **parameters: object) -> int:
        """The only number of a query's result; 0 if there is none."""
        found: Row | None = self.connection.execute(query, parameters).fetchone()
        return int(found[0] or 0) if found else 0

    def digest(self, content: bytes) -> bytes:
        """Stands for bytes that may be secret."""
        return blake2b(content, digest_size=DIGEST_BYTES, key=self._key).digest()

    def _write(self, table: str) -> None:
        rows = self._buffered.pop(table, [])
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@contextmanager
def in_memory() -> Iterator[Tables]:
    """For a history that is in memory anyway."""
    with opened(":memory:") as tables:
        yield tables


@contextmanager
def on_disk() -> Iterator[Tables]:
    """In a folder that only this user can read (mode 0700) and that is removed at the end; SQLite sorts there too."""
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
def opened(path: str) -> Iterator[Tables]:
    """Without a journal and syncs: the file is never read again after a crash."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "temp_store=FILE"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute("BEGIN")
        yield Tables(connection)
    finally:
        connection.close()
