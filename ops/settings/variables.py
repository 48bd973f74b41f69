"""The variables of the environment: one per field of each settings group, with range, default and meaning.

In:       the settings class.
Out:      `Variable` by name, `CODES_<GROUP>__<FIELD>`.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, SecretStr

PREFIX: Final = "CODES_"
DELIMITER: Final = "__"
UNITS: Final = {"ms": "milliseconds", "s": "seconds", "bytes": "bytes", "hours": "hours", "days": "days"}
TYPES: Final = {"array": "a JSON list", "boolean": "true or false", "object": "a JSON object", "string": "text"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment."""

    name: str
    path: tuple[str, ...]
    """Its place in the settings: group and field, or the field alone."""
    default: object
    allowed: str
    """Its range with the unit, in words."""
    description: str
    secret: bool
    optional: bool
    """It has no default value; an empty text counts as absent."""


def all_variables(settings: type[BaseModel]) -> dict[str, Variable]:
    """Every variable of a settings class, in the order of the fields."""
    found: dict[str, Variable] = {}
    for name, field in settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            variables = _variables(kind, (name,))
        else:
            variables = _variables(settings, (), only=name)
        found |= {variable.name: variable for variable in variables}
    return found


def _variables(model: type[BaseModel], parents: tuple[str, ...], only: str | None = None) -> list[Variable]:
    properties = model.model_json_schema()["properties"]
    names = [only] if only else list(model.model_fields)
    return [_variable(model, name, (*parents, name), properties[name]) for name in names]


def _variable(model: type[BaseModel], name: str, path: tuple[str, ...], schema: dict[str, Any]) -> Variable:
    kinds = schema.get("anyOf", [schema])
    default = model.model_fields[name].get_default(call_default_factory=True, validated_data={})
    return Variable(
        name=PREFIX + DELIMITER.join(path).upper(),
        path=path,
        default=default,
        allowed=allowed(kinds[0], UNITS.get(_unit(name), "")),
        description=" ".join(schema.get("description", "").split()),
        secret=isinstance(default, SecretStr) or kinds[0].get("format") == "password",
        optional={"type": "null"} in kinds,
    )


def _unit(name: str) -> str:
    return next((word for word in reversed(name.split("_")) if word in UNITS), "")


def allowed(schema: dict[str, Any], unit: str) -> str:
    """The range of a field in words, from its JSON schema: `100 to 300000 milliseconds`, `one of a, b`."""
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if "pattern" in schema:
        return f"text that matches {schema['pattern']}"
    if schema["type"] in TYPES:
        return TYPES[schema["type"]]
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    span = f"{low} to {schema['maximum']}" if "maximum" in schema else f"at least {low}"
    return f"{span} {unit}".rstrip()
