"""Changes to the value of a dead letter's record before it is replayed.

In:       what the options say; the value.
Out:      the new value, or why it cannot be changed.
Promise:  a pure function; an error never holds a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.wire_format import without_prefix


class NotEditable(Exception):
    """The value has no fields to set. Give it a new value as a whole."""


@dataclass(frozen=True, slots=True)
class Edits:
    """None of them, unless a field says so."""

    value: bytes | None = None
    """The new value as a whole."""
    assigned: Mapping[str, Any] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    without_headers: bool = False

    def applied(self, value: bytes | None) -> bytes | None:
        """The value after the changes, without the prefix of a schema registry; the same bytes without any.

        Raises:
            NotEditable: it is not a JSON object.
        """
        if self.value is not None:
            return self.value
        if not self.assigned and not self.removed:
            return value
        kept = {name: item for name, item in fields_in(value).items() if name not in self.removed}
        return orjson.dumps({**kept, **self.assigned})


def fields_in(value: bytes | None) -> dict[str, Any]:
    """Raises NotEditable."""
    try:
        fields = orjson.loads(without_prefix(value or b""))
    except orjson.JSONDecodeError:
        raise NotEditable from None
    if not isinstance(fields, dict):
        raise NotEditable
    return fields


def assignment(typed: str) -> tuple[str, Any]:
    """A field and its new content, of `FIELD=VALUE`. Raises ValueError without the sign or the name."""
    name, sign, content = typed.partition("=")
    if not sign or not name:
        raise ValueError("expected FIELD=VALUE")
    try:
        return name, orjson.loads(content)
    except orjson.JSONDecodeError:
        return name, content
