"""Confluent's wire format: the prefix that serializers of a schema registry put before a value.

In:       the value of a record.
Out:      what stands behind the prefix.
Promise:  a value without the prefix is returned as it is.
"""

from typing import Final, Literal

RegistryFormat = Literal["json"]
PREFIX_BYTES: Final = 5
"""The magic byte 0, and the schema's id in four bytes."""
MAGIC: Final = b"\0"


def without_prefix(value: bytes) -> bytes:
    """The value behind the prefix. No JSON begins with a zero byte, so no other value is mistaken for one with it."""
    return value[PREFIX_BYTES:] if value.startswith(MAGIC) and len(value) > PREFIX_BYTES else value
