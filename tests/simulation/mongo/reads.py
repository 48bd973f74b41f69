"""Commands that read: find, getMore, aggregate, distinct, count, and what lists collections and indexes.

In:       a command, and the view that it reads.
Out:      an answer.
Promise:  outside of a transaction each batch of a cursor is read when it is asked for: a document that has changed
          since and does not match any more is left out. In a transaction all batches are of one snapshot.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from tests.simulation.mongo.databases import Databases
from tests.simulation.mongo.errors import NotModelled, ServerError
from tests.simulation.mongo.queries import compiled
from tests.simulation.mongo.results import aggregated, distinct_values, in_order, projection
from tests.simulation.mongo.values import Document, copied
from tests.simulation.mongo.versions import StoredCollection, View

FIRST_BATCH: Final = 101
KNOWN: Final = frozenset(
    {
        *("$db", "lsid", "txnNumber", "autocommit", "startTransaction", "readConcern", "maxTimeMS"),
        *("filter", "sort", "limit", "projection", "batchSize", "singleBatch"),
        *("pipeline", "cursor", "key", "query", "collection", "writeConcern", "nameOnly"),
    }
)


class Cursor:
    """What is left of a query."""

    def __init__(self, collection: StoredCollection, command: Document, view: View, *, has_snapshot: bool) -> None:
        self.namespace = f"{collection.database}.{collection.name}"
        self._collection = collection
        self._wanted = command.get("filter", {})
        self._shown = projection(command.get("projection"))
        self._has_snapshot = has_snapshot
        self._view = view
        found: Any = collection.found(self._wanted, view)
        if command.get("sort"):
            found = in_order(list(found), command["sort"])
        limit = command.get("limit", 0)
        self._left = limit or None
        self._found: Iterator[Document] = iter(found if has_snapshot else list(islice(found, self._left)))

    def batch(self, size: int | None, view: View) -> tuple[list[Document], bool]:
        """The next documents, and whether the cursor stays open."""
        wanted = size if self._left is None else self._left if size is None else min(size, self._left)
        documents = [self._shown(document) for document in islice(self._now(view), wanted)]
        if self._left is not None:
            self._left -= len(documents)
        is_open = wanted is not None and len(documents) == wanted and self._left != 0
        return documents, is_open

    def _now(self, view: View) -> Iterator[Document]:
        return self._found if self._has_snapshot else self._that_still_match(view)

    def _that_still_match(self, view: View) -> Iterator[Document]:
        matches = compiled(self._wanted)
        for seen in self._found:
            document = seen if view is self._view else self._collection.read(seen["_id"], view)
            if document is not None and (document is seen or matches(document)):
                yield document


class Reads:
    """The reading half of a server."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self.cursors: dict[int, Cursor] = {}
        self._last_cursor = 0

    def run(self, command: Document, view: View) -> Document:
        """The answer.

        Raises:
            ServerError: what the server refuses.
            NotModelled: a command or an option that the simulation does not have.
        """
        name = next(iter(command))
        unknown = command.keys() - KNOWN - {name}
        if unknown:
            raise NotModelled(f"the command {name} with {sorted(unknown)}")
        return {"ok": 1.0, **READS[name](self, command, view)}

    def _find(self, command: Document, view: View) -> Document:
        collection = self._collection(command, command["find"])
        cursor = Cursor(collection, command, view, has_snapshot=view.transaction is not None)
        return self._batch(0, cursor, command.get("batchSize") or FIRST_BATCH, view, "firstBatch", command)

    def _get_more(self, command: Document, view: View) -> Document:
        cursor_id = command["getMore"]
        cursor = self.cursors.get(cursor_id)
        if cursor is None:
            raise ServerError(43, f"cursor id {cursor_id} not found")
        return self._batch(cursor_id, cursor, command.get("batchSize") or None, view, "nextBatch", command)

    def _batch(
        self, cursor_id: int, cursor: Cursor, size: int | None, view: View, field: str, command: Document
    ) -> Document:
        documents, is_open = cursor.batch(size, view)
        if not is_open or command.get("singleBatch"):
            self.cursors.pop(cursor_id, None)
            cursor_id = 0
        elif not cursor_id:
            self._last_cursor += 1
            cursor_id = self._last_cursor
            self.cursors[cursor_id] = cursor
        return {"cursor": {"id": cursor_id, "ns": cursor.namespace, field: documents}}

    def _aggregate(self, command: Document, view: View) -> Document:
        collection = self._collection(command, command["aggregate"])
        first, *others = command["pipeline"] or [{"$match": {}}]
        if "$match" not in first:
            first, others = {"$match": {}}, command["pipeline"]
        documents = aggregated(collection.found(first["$match"], view), others)
        return {"cursor": {"id": 0, "ns": f"{command['$db']}.{collection.name}", "firstBatch": documents}}

    def _distinct(self, command: Document, view: View) -> Document:
        found = self._collection(command, command["distinct"]).found(command.get("query", {}), view)
        return {"values": distinct_values(found, command["key"])}

    def _count(self, command: Document, view: View) -> Document:
        return {
            "n": sum(1 for _ in self._collection(command, command["count"]).found(command.get("query", {}), view))
        }

    def _list_collections(self, command: Document, _view: View) -> Document:
        listed = [
            {"name": found.name, "type": "collection", "options": copied(found.options), "info": {"readOnly": False}}
            for found in self._databases.of(command["$db"]).values()
        ]
        documents = list(filter(compiled(command.get("filter", {})), listed))
        return {"cursor": {"id": 0, "ns": f"{command['$db']}.$cmd.listCollections", "firstBatch": documents}}

    def _list_indexes(self, command: Document, _view: View) -> Document:
        name = command["listIndexes"]
        collection = self._databases.of(command["$db"]).get(name)
        if collection is None:
            raise ServerError(26, f"ns does not exist: {command['$db']}.{name}")
        own: Document = {"v": 2, "key": {"_id": 1}, "name": "_id_"}
        listed = [own, *(copied(index.listed) for index in collection.indexes.values())]
        return {"cursor": {"id": 0, "ns": f"{command['$db']}.{name}", "firstBatch": listed}}

    def _collection(self, command: Document, name: str) -> StoredCollection:
        return self._databases.collection(command["$db"], name, make=False)


READS: Final = {
    "find": Reads._find,
    "getMore": Reads._get_more,
    "aggregate": Reads._aggregate,
    "distinct": Reads._distinct,
    "count": Reads._count,
    "listCollections": Reads._list_collections,
    "listIndexes": Reads._list_indexes,
}
