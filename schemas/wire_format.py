"""Confluent's wire format: a schema's id as the prefix of a value, or in a header.

In:       the value of a record.
Out:      what stands behind the prefix.
Promise:  a value without the prefix is returned as it is.
"""

from typing import Final, Literal

RegistryFormat = Literal["json"]
PREFIX_BYTES: Final = 5
"""The magic byte 0, and the schema's id in four bytes."""
MAGIC: Final = b"\0"
ID_HEADERS: Final = frozenset({"__key_schema_id", "__value_schema_id"})
"""In place of the prefix: a magic byte, and the id in four bytes or 16."""


def without_prefix(value: bytes) -> bytes:
    """The value behind the prefix. No JSON begins with a zero byte, so no other value is mistaken for one with it."""
    return value[PREFIX_BYTES:] if value.startswith(MAGIC) and len(value) > PREFIX_BYTES else value
