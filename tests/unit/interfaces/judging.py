"""Validation against a JSON Schema.

Out: `faults`, the places and messages of all errors in a value.
"""

from collections.abc import Mapping
from typing import Any


def faults(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Validate against the draft that the schema names, by default 2020-12; a valid value has no faults."""
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415  # takes seconds to load
    from jsonschema.validators import validator_for  # noqa: PLC0415  # as above

    draft = validator_for(schema, default=Draft202012Validator)
    validator = draft(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
