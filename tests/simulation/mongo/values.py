"""Values as BSON has them: what a document becomes on its way to the server and back, and how values compare.

In:       documents of the service.
Out:      documents of their own; `sort_key`, by which values of all types are ordered.
Promise:  nobody changes a stored document in place: what comes in and what goes out is a copy.
"""

import datetime as dt  # `clocks.replaced` swaps the name `datetime`
from enum import Enum
from typing import Any, Final

from bson import Binary, DatetimeMS, ObjectId
from bson.errors import InvalidDocument
from bson.tz_util import utc

Document = dict[str, Any]

INT64: Final = 2**63
RANKS: Final[dict[type, int]] = {
    type(None): 1,
    int: 2,
    float: 2,
    str: 3,
    dict: 4,
    list: 5,
    Binary: 6,
    bytes: 6,
    ObjectId: 7,
    bool: 8,
    dt.datetime: 9,
    DatetimeMS: 9,
}
"""The order of types in MongoDB."""
PLAIN: Final = frozenset({str, int, float, bool, type(None), Binary, ObjectId, DatetimeMS})


def encoded(value: Any) -> Any:
    """A copy as the server gets it.

    Raises:
        InvalidDocument: BSON has no such type.
        OverflowError: an integer of more than 64 bits.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if not -INT64 <= value < INT64:
            raise OverflowError("MongoDB can only handle up to 8-byte ints")
        return value
    if kind is dict:
        return {_key(name): encoded(inner) for name, inner in value.items()}
    if kind is list or kind is tuple:
        return [encoded(inner) for inner in value]
    return value if kind in PLAIN else _encoded_subclass(value)


def _key(name: Any) -> str:
    if type(name) is str and "\x00" not in name:
        return name
    if isinstance(name, str) and "\x00" not in name:
        return str.__str__(name)
    raise InvalidDocument(f"documents must have only string keys, key was {name!r}")


def _encoded_subclass(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return to_date(value)
    if isinstance(value, Enum) and isinstance(value, str | int):
        return encoded(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return encoded(int(value))
    if isinstance(value, bytes):
        return Binary(value)
    if isinstance(value, dict):
        return encoded(dict(value))
    raise InvalidDocument(f"cannot encode object: {value!r}, of type: {type(value)}")


def to_date(value: dt.datetime) -> dt.datetime:
    """In UTC, to the millisecond; a date without a zone is in UTC already."""
    aware = value.replace(tzinfo=utc) if value.tzinfo is None else value.astimezone(utc)
    return dt.datetime(
        aware.year,
        aware.month,
        aware.day,
        aware.hour,
        aware.minute,
        aware.second,
        aware.microsecond // 1000 * 1000,
        tzinfo=utc,
    )


def copied(value: Any) -> Any:
    """A stored value for somebody who may change it."""
    kind = type(value)
    if kind is dict:
        return {
            name: inner if type(inner) is not dict and type(inner) is not list else copied(inner)
            for name, inner in value.items()
        }
    return [copied(inner) for inner in value] if kind is list else value


def rank(value: Any) -> int:
    """The place of a value's type in the order of types."""
    return RANKS[type(value)]


def sort_key(value: Any) -> tuple[int, Any]:
    """By which values are sorted, whatever their types; a missing field sorts as null."""
    kind = rank(value)
    if kind == 4:
        return (kind, tuple([(name, sort_key(inner)) for name, inner in value.items()]))
    if kind == 5:
        return (kind, tuple([sort_key(inner) for inner in value]))
    if kind == 9:
        return (kind, value.timestamp() if isinstance(value, dt.datetime) else int(value) / 1000)
    return (kind, 0 if value is None else value)


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same; `True` is not 1."""
    if type(one) is type(other):
        return bool(one == other)
    return rank(one) == rank(other) and bool(one == other)


def at_path(document: Document, path: str) -> Any:
    """A field, of an inner document by dots; None if it is missing."""
    if "." not in path:
        return document.get(path)
    found: Any = document
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found
