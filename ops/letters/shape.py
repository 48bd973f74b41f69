"""What a value looks like, without its contents.

In:       bytes that nobody could read.
Out:      length, a prefix of the SHA-256, and the JSON with types and lengths in place of its contents.
Promise:  no content. A name is shown only if it looks like a field's name; a code could stand there too.
"""

import re
from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.wire_format import without_prefix

DIGEST_CHARACTERS: Final = 12
DEPTH_MAX: Final = 6
ITEMS_MAX: Final = 50
"""Fields or items that are shown of an object or list."""
FIELD_NAME: Final = re.compile(r"[a-zA-Z][a-z]*(?:[_A-Z][a-z]+)*")
NAME_CHARACTERS_MAX: Final = 40


def shape_of(value: bytes | None) -> dict[str, Any]:
    """The parts that may be shown."""
    if value is None:
        return {"bytes": None, "sha256": None, "shape": None}
    digest = sha256(value).hexdigest()[:DIGEST_CHARACTERS]
    return {"bytes": len(value), "sha256": digest, "shape": json_shape(value)}


def json_shape(value: bytes) -> object:
    try:
        return masked(orjson.loads(without_prefix(value)), DEPTH_MAX)
    except orjson.JSONDecodeError:
        return "not JSON"


def masked(value: object, depth: int) -> object:
    """The same structure, with a description in place of each content."""
    if depth == 0:
        return "..."
    if isinstance(value, dict):
        fields = list(value.items())[:ITEMS_MAX]
        return {name_of(name, number): masked(item, depth - 1) for number, (name, item) in enumerate(fields, start=1)}
    if isinstance(value, list):
        return [masked(item, depth - 1) for item in value[:ITEMS_MAX]]
    return described(value)


def described(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"text, {len(value)} characters"
    return "true or false" if isinstance(value, bool) else "number"


def name_of(name: str, number: int) -> str:
    """The name of a field, or how long it is."""
    if len(name) <= NAME_CHARACTERS_MAX and FIELD_NAME.fullmatch(name):
        return name
    return f"field {number}, its name has {len(name)} characters"
