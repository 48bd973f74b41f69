"""What a record says, for readers that must not fail for one that says nonsense."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from schemas.wire_format import without_prefix

Fields = Mapping[str, Any]
NO_FIELDS: Final[Fields] = {}


def fields_of(value: bytes | None) -> Fields:
    """The fields of a JSON object; none if it is something else."""
    try:
        fields = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return NO_FIELDS
    return fields if isinstance(fields, dict) else NO_FIELDS


def fields_behind_prefix(value: bytes | None) -> Fields:
    """The same of a value that may have the prefix of a schema registry."""
    return fields_of(without_prefix(value or b""))


def text(value: bytes | None) -> str:
    """Bytes as text, whatever they are."""
    return (value or b"").decode(errors="replace")
