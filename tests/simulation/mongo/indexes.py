"""Indexes of a collection: which documents may have a key.

In:       every version of a document, committed or not.
Out:      ids that may match a filter; ids that may have a unique key.
Promise:  an index never lacks a document. It may name more than match: the reader looks at each.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.queries import HASHABLE, equalities
from tests.simulation.mongo.values import Document, sort_key

Key = tuple[Any, ...]

OPTIONS: Final = frozenset({"name", "key", "unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "v"})
ODD: Final[Key] = ("a value that is no key", object())
"""The bucket of documents with an array or another document where the index has a plain value."""
LAST: Final = chr(0x10FFFF)
"""Behind every id."""
KEYS_MAX: Final = 20_000
"""Look-ups for one filter; more would be a scan on a real server."""


class Bucket:
    """The documents with one key; where the index has a last field, in its order."""

    __slots__ = ("entries", "ordered")

    def __init__(self) -> None:
        self.entries: dict[Any, None] = {}
        """Ids, or pairs of a place in the order and an id."""
        self.ordered: list[Any] = []

    def add(self, entry: Any, *, in_order: bool) -> None:
        """A document that may have the key."""
        if entry not in self.entries:
            self.entries[entry] = None
            if in_order:
                insort(self.ordered, entry)

    def remove(self, entry: Any, *, in_order: bool) -> None:
        """One that has it no more."""
        del self.entries[entry]
        if in_order:
            del self.ordered[bisect_left(self.ordered, entry)]

    def between(self, bounds: Mapping[str, Any]) -> list[Any]:
        """The entries of a range, and perhaps more."""
        low = bounds.get("$gte", bounds.get("$gt"))
        high = bounds.get("$lt", bounds.get("$lte"))
        start = 0 if low is None else bisect_left(self.ordered, (sort_key(low),))
        stop = len(self.ordered) if high is None else bisect_right(self.ordered, (sort_key(high), LAST))
        return self.ordered[start:stop]


@dataclass(eq=False, slots=True)
class Index:
    """One index; its look-ups use a prefix of its fields."""

    name: str
    fields: tuple[str, ...]
    is_unique: bool
    partial: Mapping[str, Any]
    listed: Document
    """As `listIndexes` gives it."""
    is_sparse: bool = False
    """It has only the documents that have its field."""
    prefix: tuple[str, ...] = ()
    last: str | None = None
    """The field behind the prefix, by which each bucket is in order."""
    buckets: dict[Key, Bucket] = field(default_factory=dict)

    @property
    def is_used(self) -> bool:
        """Whether look-ups use it: those by time need none here."""
        return bool(self.prefix) or bool(self.partial) or self.is_sparse

    def key_of(self, document: Document) -> Key | None:
        """Under which key a document is; None: it is not in the index."""
        for name, value in self.partial.items():
            if document.get(name) != value:
                return None
        if self.is_sparse and self.fields[0] not in document:
            return None
        key = tuple([document.get(name) for name in self.prefix])
        for value in key:
            if type(value) not in HASHABLE:
                return ODD
        return key

    def add(self, document_id: Any, document: Document) -> None:
        """A new version of a document."""
        key = self.key_of(document)
        if key is None:
            return
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket()
        if self.last is None:
            bucket.add(document_id, in_order=False)
        else:
            bucket.add((sort_key(document.get(self.last)), document_id), in_order=True)

    def buckets_for(self, wanted: Mapping[str, Any]) -> list[Key] | None:
        """The keys that a filter may find; None: the filter does not fit this index."""
        if any(equalities(wanted, name) != [value] for name, value in self.partial.items()):
            return None
        if self.is_sparse and self.fields[0] not in wanted:
            return None
        values = [equalities(wanted, name) for name in self.prefix]
        known = [found for found in values if found is not None]
        if len(known) != len(values):
            return None
        keys = list(product(*(dict.fromkeys(found) for found in known)))
        return [*keys, ODD] if len(keys) <= KEYS_MAX else None

    def ids(self, key: Key, wanted: Mapping[str, Any], has_left: Callable[[Any, Key], bool]) -> list[Any]:
        """Documents that may have a key and be in the filter's range; those that have left it are removed."""
        bucket = self.buckets.get(key)
        if bucket is None:
            return []
        if self.last is None:
            entries = list(bucket.entries)
        else:
            bounds = wanted.get(self.last)
            entries = bucket.between(bounds if isinstance(bounds, dict) else {})
        kept: list[Any] = []
        for entry in entries:
            document_id = entry if self.last is None else entry[1]
            if has_left(document_id, key):
                bucket.remove(entry, in_order=self.last is not None)
            else:
                kept.append(document_id)
        return kept


def index_of(name: str, keys: Mapping[str, int], options: Mapping[str, Any]) -> Index:
    """An index as `createIndexes` describes it."""
    if set(options) - OPTIONS or any(direction != 1 for direction in keys.values()):
        raise NotModelled(f"the index {name}: {dict(keys)}, {dict(options)}")
    fields = tuple(keys)
    is_unique = bool(options.get("unique"))
    partial = options.get("partialFilterExpression", {})
    listed = {"v": 2, "key": dict(keys), "name": name, **options}
    index = Index(name, fields, is_unique, partial, listed, bool(options.get("sparse")))
    if index.is_sparse:
        if len(fields) > 1 or is_unique:
            raise NotModelled(f"the index {name}: sparse, with {dict(options)}")
        index.last = fields[0]
    elif "expireAfterSeconds" in options or partial:
        index.prefix = ()
    else:
        has_last = not is_unique and len(fields) > 1
        index.prefix, index.last = (fields[:-1], fields[-1]) if has_last else (fields, None)
    return index


def best(indexes: Iterable[Index], wanted: Mapping[str, Any]) -> tuple[Index, list[Key]] | None:
    """The index with the longest prefix that fits, and the keys to look up; None: scan."""
    found: tuple[Index, list[Key]] | None = None
    for index in indexes:
        if not index.is_used or (found is not None and len(index.prefix) <= len(found[0].prefix)):
            continue
        keys = index.buckets_for(wanted)
        if keys is not None:
            found = (index, keys)
    return found
