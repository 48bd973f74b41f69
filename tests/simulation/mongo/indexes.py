"""Indexes of a collection: which documents may have a key.

In:       every version of a document, committed or not.
Out:      ids that may match a filter; ids that may have a unique key.
Promise:  an index never lacks a document. It may name more than match: the reader looks at each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.queries import HASHABLE, equalities
from tests.simulation.mongo.values import Document

Key = tuple[Any, ...]

OPTIONS: Final = frozenset({"name", "key", "unique", "partialFilterExpression", "expireAfterSeconds", "v"})
ODD: Final[Key] = ("a value that is no key", object())
"""The bucket of documents with an array or another document where the index has a plain value."""
KEYS_MAX: Final = 20_000
"""Look-ups for one filter; more would be a scan on a real server."""


@dataclass(eq=False, slots=True)
class Index:
    """One index; its look-ups use a prefix of its fields."""

    name: str
    fields: tuple[str, ...]
    is_unique: bool
    partial: Mapping[str, Any]
    listed: Document
    """As `listIndexes` gives it."""
    prefix: tuple[str, ...] = ()
    buckets: dict[Key, dict[Any, None]] = field(default_factory=dict)

    @property
    def is_used(self) -> bool:
        """Whether look-ups use it: those by time need none here."""
        return bool(self.prefix) or bool(self.partial)

    def key_of(self, document: Document) -> Key | None:
        """Under which key a document is; None: it is not in the index."""
        if any(document.get(name) != value for name, value in self.partial.items()):
            return None
        key = tuple([document.get(name) for name in self.prefix])
        return key if all(isinstance(value, HASHABLE) for value in key) else ODD

    def add(self, document_id: Any, document: Document) -> None:
        """A new version of a document."""
        key = self.key_of(document)
        if key is not None:
            self.buckets.setdefault(key, {})[document_id] = None

    def buckets_for(self, wanted: Mapping[str, Any]) -> list[Key] | None:
        """The keys that a filter may find; None: the filter does not fit this index."""
        if any(equalities(wanted, name) != [value] for name, value in self.partial.items()):
            return None
        values = [equalities(wanted, name) for name in self.prefix]
        known = [found for found in values if found is not None]
        if len(known) != len(values):
            return None
        keys = list(product(*(dict.fromkeys(found) for found in known)))
        return [*keys, ODD] if len(keys) <= KEYS_MAX else None


def index_of(name: str, keys: Mapping[str, int], options: Mapping[str, Any]) -> Index:
    """An index as `createIndexes` describes it."""
    if set(options) - OPTIONS or any(direction != 1 for direction in keys.values()):
        raise NotModelled(f"the index {name}: {dict(keys)}, {dict(options)}")
    fields = tuple(keys)
    is_unique = bool(options.get("unique"))
    partial = options.get("partialFilterExpression", {})
    listed = {"v": 2, "key": dict(keys), "name": name, **options}
    index = Index(name, fields, is_unique, partial, listed)
    if "expireAfterSeconds" in options or partial:
        index.prefix = ()
    else:
        index.prefix = fields if is_unique or len(fields) == 1 else fields[:-1]
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
