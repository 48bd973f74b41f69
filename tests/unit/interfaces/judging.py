"""JSON Schema as a judge.

Out: `faults`, the places and words of what a value has wrong.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import validator_for


def faults(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Under the draft that the schema names, else the newest; none, if it is valid."""
    draft = validator_for(schema, default=Draft202012Validator)
    judge = draft(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in judge.iter_errors(value)]
