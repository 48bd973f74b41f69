"""Compatibility of JSON Schemas, as registries with Confluent's API judge it.

In:       the schema of a reader and that of a writer.
Out:      `differences`: what the writer may write and the reader does not accept, under Confluent's names.
Promise:  the rules for what this service's schemas use. An object without `additionalProperties` is open: a property
          that it does not name may have any content.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
CHOICES: Final = ("oneOf", "anyOf")
UPPER: Final = {"maximum": "MAXIMUM", "maxLength": "MAX_LENGTH"}
LOWER: Final = {"minimum": "MINIMUM", "minLength": "MIN_LENGTH"}
SAME: Final = ("pattern", "not", "if", "then", "else", "const", "format")
"""Keywords whose content is not compared in detail: any change may narrow what is accepted."""


def differences(reader: Schema, writer: Schema, path: str = "#") -> list[str]:
    """Empty if the reader accepts whatever the writer may write."""
    if choices_of(reader) or choices_of(writer):
        return choice_differences(reader, writer, path)
    if reader.get("type") != writer.get("type"):
        return [f"TYPE_CHANGED {path}"]
    return [*value_differences(reader, writer, path), *object_differences(reader, writer, path)]


def choices_of(schema: Schema) -> list[Schema]:
    return next((schema[name] for name in CHOICES if name in schema), [])


def choice_differences(reader: Schema, writer: Schema, path: str) -> list[str]:
    """Each kind that the writer writes is a kind that the reader accepts."""
    accepted = choices_of(reader) or [reader]
    unread = [
        found
        for number, kind in enumerate(choices_of(writer) or [writer])
        if (found := min((differences(known, kind, f"{path}/{number}") for known in accepted), key=len))
    ]
    return [f"SUM_TYPE_NARROWED {path}", *(line for found in unread for line in found)] if unread else []


def value_differences(reader: Schema, writer: Schema, path: str) -> Iterator[str]:
    for name, label in (UPPER | LOWER).items():
        here, there = reader.get(name), writer.get(name)
        if here is not None and (there is None or (here < there if name in UPPER else here > there)):
            yield f"{label}_NARROWED {path}"
    for name in SAME:
        if name in reader and reader[name] != writer.get(name):
            yield f"{name.upper()}_CHANGED {path}"
    if "enum" in reader and not set(writer.get("enum", [None])) <= set(reader["enum"]):
        yield f"ENUM_ARRAY_NARROWED {path}"


def object_differences(reader: Schema, writer: Schema, path: str) -> Iterator[str]:
    known, written = reader.get("properties", {}), writer.get("properties", {})
    for name in set(reader.get("required", ())) - set(writer.get("required", ())):
        yield f"REQUIRED_ATTRIBUTE_ADDED {path}/properties/{name}"
    if writer.get("additionalProperties", True):
        yield from (
            f"PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL {path}/properties/{name}" for name in known.keys() - written
        )
    if not reader.get("additionalProperties", True):
        yield from (f"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL {path}/{name}" for name in written.keys() - known)
    for name in known.keys() & written.keys():
        yield from differences(known[name], written[name], f"{path}/properties/{name}")
    if "items" in reader:
        yield from differences(reader["items"], writer.get("items", {}), f"{path}/items")
