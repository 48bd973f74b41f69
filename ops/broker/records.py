"""What a record says, for readers that must not fail for one that says nonsense."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

Fields = Mapping[str, Any]
NO_FIELDS: Final[Fields] = {}


def fields_of(value: bytes | None) -> Fields:
    """The fields of a JSON object; none if it is something else."""
    try:
        fields = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return NO_FIELDS
    return fields if isinstance(fields, dict) else NO_FIELDS


def text(value: bytes | None) -> str:
    """Bytes as text, whatever they are."""
    return (value or b"").decode(errors="replace")
