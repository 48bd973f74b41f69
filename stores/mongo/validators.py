"""A collection's validator, made from its document model.

In:       a pydantic model of `schemas.documents`.
Out:      a `$jsonSchema` in MongoDB's dialect (draft 4 with BSON types).
Promise:  what a model refuses for its type, MongoDB refuses too. Fields not known are let through: an older
          validator must not stop a newer process in a roll-out.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

Schema = Mapping[str, Any]

BSON_TYPES: Final[dict[str, list[str]]] = {
    "array": ["array"],
    "boolean": ["bool"],
    "integer": ["int", "long"],
    "null": ["null"],
    "number": ["double", "int", "long"],
    "object": ["object"],
    "string": ["string"],
}
KEPT: Final = ("maxLength", "maximum", "minLength", "minimum")
"""Keywords that mean the same in both dialects."""
IGNORED: Final = frozenset({"default", "description", "pattern", "title"})
"""Patterns were checked on the way in; an engine that compiles them for every document takes ten times as long."""
TRANSLATED: Final = frozenset(
    {"$ref", "additionalProperties", "anyOf", "enum", "format", "items", "properties", "required", "type"}
)
KNOWN: Final = IGNORED | TRANSLATED | frozenset(KEPT)


@cache  # `migrate` asks three times for each collection, and pydantic takes milliseconds for an answer
def validator_of(model: type[BaseModel]) -> dict[str, Any]:
    """The validator of a collection that holds this model's documents.

    Raises:
        TypeError: the model uses a keyword of JSON schema that has no translation here.
    """
    schema = model.model_json_schema(by_alias=True)
    return {"$jsonSchema": _translated(schema, schema.get("$defs", {}))}


def _translated(schema: Schema, defs: Schema) -> dict[str, Any]:
    unknown = schema.keys() - KNOWN - {"$defs"}
    if unknown:
        raise TypeError(f"no translation to BSON for {sorted(unknown)}")
    if "$ref" in schema:
        return _translated(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return _any_of(schema["anyOf"], defs)
    if "enum" in schema:
        return {"enum": list(schema["enum"])}
    kept = {keyword: schema[keyword] for keyword in KEPT if keyword in schema}
    return {"bsonType": _bson_type(schema), **kept, **_inside(schema, defs)}


def _any_of(choices: list[Schema], defs: Schema) -> dict[str, Any]:
    """A field that may be null keeps one flat schema: MongoDB's message then says what was wrong with it."""
    others = [choice for choice in choices if choice != {"type": "null"}]
    if len(others) > 1:
        return {"anyOf": [_translated(choice, defs) for choice in choices]}
    flat = _translated(others[0], defs)
    if len(others) == len(choices):
        return flat
    if "enum" in flat:
        return {"enum": [*flat["enum"], None]}
    return {**flat, "bsonType": [*flat["bsonType"], "null"]}


def _bson_type(schema: Schema) -> list[str]:
    is_date = schema["type"] == "string" and schema.get("format") == "date-time"
    return ["date"] if is_date else list(BSON_TYPES[schema["type"]])


def _inside(schema: Schema, defs: Schema) -> dict[str, Any]:
    inside: dict[str, Any] = {}
    if "properties" in schema:
        fields = schema["properties"].items()
        inside["properties"] = {name: _translated(field, defs) for name, field in fields}
    if schema.get("required"):  # MongoDB refuses an empty list here
        inside["required"] = list(schema["required"])
    if isinstance(schema.get("additionalProperties"), Mapping):
        inside["additionalProperties"] = _translated(schema["additionalProperties"], defs)
    if "items" in schema:
        inside["items"] = _translated(schema["items"], defs)
    return inside
