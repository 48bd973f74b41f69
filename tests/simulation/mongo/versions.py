"""One collection with all versions of its documents that somebody may still read.

In:       committed writes, each with its place in the log; uncommitted ones of open transactions.
Out:      documents as they were at a place in the log; `Conflict`, if a write cannot be done now.
Promise:  a committed version is never changed. Of two transactions that write a document, the second gets a conflict.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.mongo.errors import ServerError
from tests.simulation.mongo.indexes import Index, best
from tests.simulation.mongo.queries import compiled, equalities
from tests.simulation.mongo.values import Document

if TYPE_CHECKING:
    from tests.simulation.mongo.transactions import Transaction


class Conflict(Exception):
    """Another transaction has written the document. `holder`: the one that is still open, if any."""

    def __init__(self, holder: "Transaction | None") -> None:
        super().__init__("write conflict")
        self.holder = holder


class Version:
    """What a document became at a place in the log; `document` is None if it was deleted."""

    __slots__ = ("before", "document", "place")

    def __init__(self, place: int, document: Document | None, before: "Version | None") -> None:
        self.place = place
        self.document = document
        self.before = before


class View:
    """What an operation sees: everything up to a place in the log, and its own transaction's writes."""

    __slots__ = ("place", "transaction")

    def __init__(self, place: int, transaction: "Transaction | None" = None) -> None:
        self.place = place
        self.transaction = transaction


class StoredCollection:
    """Lives until it is dropped."""

    def __init__(self, database: str, name: str) -> None:
        self.database = database
        self.name = name
        self.options: Document = {}
        self.indexes: dict[str, Index] = {}
        self.versions: dict[Any, Version] = {}
        """The newest committed version of each document."""
        self.held: dict[Any, Transaction] = {}
        """Whose uncommitted write each document has."""

    def read(self, document_id: Any, view: View) -> Document | None:
        """A document, if it is there in this view."""
        if view.transaction is not None:
            own = view.transaction.writes.get(self)
            if own is not None and document_id in own:
                return own[document_id]
        version = self.versions.get(document_id)
        while version is not None and version.place > view.place:
            version = version.before
        return None if version is None else version.document

    def found(self, wanted: Mapping[str, Any], view: View) -> Iterator[Document]:
        """All documents that match, in the order of the collection."""
        matches = compiled(wanted)
        for document_id in self._candidates(wanted, view):
            document = self.read(document_id, view)
            if document is not None and matches(document):
                yield document

    def _candidates(self, wanted: Mapping[str, Any], view: View) -> Iterable[Any]:
        ids = equalities(wanted, "_id")
        if ids is not None:
            return list(dict.fromkeys(ids))
        chosen = best(self.indexes.values(), wanted)
        if chosen is None:
            own = () if view.transaction is None else view.transaction.writes.get(self, ())
            return [*self.versions, *(document_id for document_id in own if document_id not in self.versions)]
        index, keys = chosen
        found: dict[Any, None] = {}
        for key in keys:
            found.update(dict.fromkeys(index.ids(key, wanted, partial(self._has_left, index))))
        return list(found)

    def _has_left(self, index: Index, document_id: Any, key: Any) -> bool:
        """Whether no version that anybody may still read has the key."""
        version = self.versions.get(document_id)
        if version is None or version.before is not None or document_id in self.held:
            return False
        return version.document is None or index.key_of(version.document) != key

    def check(self, document_id: Any, after: Document | None, view: View) -> None:
        """Whether a document may be written.

        Raises:
            Conflict: another transaction has written it, or a document with the same unique key.
            ServerError: 11000, another document has the same unique key.
        """
        self._check_free(document_id, view)
        if after is None:
            return
        for index in self.indexes.values():
            if index.is_unique:
                self._check_unique(index, document_id, after, view)

    def check_insert(self, document: Document, view: View) -> None:
        """The same for a new document: there must be none with its `_id`."""
        self._check_free(document["_id"], view)
        newest = View(view.transaction.snapshot if view.transaction else self.newest_place(), view.transaction)
        if self.read(document["_id"], newest) is not None:
            raise self._duplicate("_id_", {"_id": document["_id"]})
        self.check(document["_id"], document, view)

    def newest_place(self) -> int:
        """Later than any place."""
        return 1 << 62

    def _check_free(self, document_id: Any, view: View) -> None:
        holder = self.held.get(document_id)
        if holder is not None and holder is not view.transaction:
            raise Conflict(holder)
        version = self.versions.get(document_id)
        if view.transaction is not None and version is not None and version.place > view.transaction.snapshot:
            raise Conflict(None)

    def _check_unique(self, index: Index, document_id: Any, after: Document, view: View) -> None:
        key = index.key_of(after)
        if key is None:
            return
        bucket = index.buckets.get(key)
        for other in () if bucket is None else list(bucket.entries):
            if other == document_id:
                continue
            if self._has_now(other, index, key) or self._has_uncommitted(other, index, key, view):
                self._check_free(other, view)
                if self.read(other, View(self.newest_place(), view.transaction)) is not None:
                    raise self._duplicate(index.name, {name: after.get(name) for name in index.fields})

    def _has_now(self, document_id: Any, index: Index, key: Any) -> bool:
        version = self.versions.get(document_id)
        return version is not None and version.document is not None and index.key_of(version.document) == key

    def _has_uncommitted(self, document_id: Any, index: Index, key: Any, view: View) -> bool:
        holder = self.held.get(document_id) or view.transaction
        pending = holder.writes.get(self, {}).get(document_id) if holder is not None else None
        return pending is not None and index.key_of(pending) == key

    def _duplicate(self, index: str, values: Document) -> ServerError:
        shown = ", ".join(f'{name}: "{value}"' for name, value in values.items())
        where = f"{self.database}.{self.name} index: {index}"
        return ServerError(11_000, f"E11000 duplicate key error collection: {where} dup key: {{ {shown} }}")

    def note(self, document_id: Any, after: Document | None) -> None:
        """A version that exists from now on, committed or not: the indexes name it."""
        if after is not None:
            for index in self.indexes.values():
                if index.is_used:
                    index.add(document_id, after)

    def commit(self, document_id: Any, after: Document | None, place: int, horizon: int) -> None:
        """A committed version. Nobody reads at a place before `horizon`."""
        before = self.versions.get(document_id)
        version = Version(place, after, before)
        self.versions[document_id] = version
        while before is not None:
            if before.place <= horizon:
                before.before = None
                return
            before = before.before

    def roll_back(self, place: int) -> None:
        """What came later in the log never happened."""
        for document_id, version in list(self.versions.items()):
            kept: Version | None = version
            while kept is not None and kept.place > place:
                kept = kept.before
            if kept is None:
                del self.versions[document_id]
            else:
                self.versions[document_id] = kept
