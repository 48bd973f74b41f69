"""A registry gets the schemas of docs/api/schemas, at levels that refuse what the contract calls breaking."""

import json
from collections.abc import Callable
from itertools import chain
from typing import Any, Final

import orjson
import pytest

from interfaces.subjects import DIALECT, subjects
from schemas.settings import TopicSettings
from schemas.topics import ASSIGN, RESERVE, RESULTS
from tests.fakes.builders import an_assign, an_assign_from_stock
from tests.fakes.registry import compared
from tests.places import ROOT
from tests.unit.interfaces.judging import faults

SUBJECTS: Final = {subject.name: subject for subject in subjects(TopicSettings())}
SCHEMAS: Final = ROOT / "docs" / "api" / "schemas"
Edit = Callable[[Any], object]
IN_BOTH: Final = {
    *("$schema", "$id", "title", "description", "default", "type", "enum", "const", "format", "pattern"),
    *("minLength", "maxLength", "minimum", "maximum", "properties", "required", "items"),
    *("anyOf", "oneOf", "not", "if", "then", "else"),
}
"""`items` with one schema: as a list it has another meaning since 2020-12."""


def keywords_in(schema: Any) -> set[str]:
    """Of the schema and all schemas in it; names of properties are none."""
    if not isinstance(schema, dict):
        return set()
    lists = [schema.get(name, []) for name in ("anyOf", "oneOf")]
    singles = [schema.get(name) for name in ("items", "not", "if", "then", "else")]
    inner = [*schema.get("properties", {}).values(), *singles, *chain(*lists)]
    return set(schema).union(*map(keywords_in, inner))


def subject_of(topic: str) -> Any:
    return SUBJECTS[f"codes.{topic}-value"]


def test_requests_are_kept_for_senders_and_events_for_readers() -> None:
    """Requests and commands BACKWARD, all that the service sends FORWARD."""
    levels = {name.removeprefix("codes.").removesuffix("-value"): subject.level for name, subject in SUBJECTS.items()}

    assert {
        **dict.fromkeys(["reserve.requests.v1", "assign.requests.v1", "release.requests.v1"], "BACKWARD"),
        "import.commands.v1": "BACKWARD",
        **dict.fromkeys(["results.v1", "assigned.v1", "inventory.v1", "imports.v1", "stock-alerts.v1"], "FORWARD"),
    } == levels


def test_a_schema_is_the_published_file_but_for_its_draft() -> None:
    """Each registry knows draft-07."""
    published = json.loads((SCHEMAS / "ReserveRequest.json").read_text())

    assert published | {"$schema": DIALECT} == json.loads(subject_of(RESERVE.name).schema)


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_schema_means_the_same_in_both_drafts(name: str) -> None:
    """It has only keywords that draft-07 has too, with the same meaning, and refers to nothing."""
    assert keywords_in(json.loads(SUBJECTS[name].schema)) <= IN_BOTH


@pytest.mark.parametrize(
    ("fields", "is_valid"),
    [
        (orjson.loads(an_assign().to_json()), True),
        (orjson.loads(an_assign_from_stock().to_json()), True),
        ({**orjson.loads(an_assign_from_stock().to_json()), "later": 1}, True),
        ({**orjson.loads(an_assign_from_stock().to_json()), "reservation_id": 7}, False),
        ({**orjson.loads(an_assign().to_json()), "fan_id": ""}, False),
    ],
)
def test_both_kinds_of_assigns_are_one_subject(fields: Any, is_valid: bool) -> None:
    """Each record is exactly one kind; unknown fields are ignored, as the worker ignores them."""
    assert is_valid == (not faults(fields, json.loads(subject_of(ASSIGN.name).schema)))


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_schema_refuses_unknown_fields(name: str) -> None:
    """Readers ignore them, in both directions (docs/contract.md)."""
    assert "additionalProperties" not in SUBJECTS[name].schema


@pytest.mark.parametrize(
    ("topic", "edit", "problem"),
    [
        (RESERVE.name, lambda schema: schema["properties"]["quantity"].update(maximum=200), ""),
        (RESERVE.name, lambda schema: schema["properties"]["code_type"]["enum"].append("more"), ""),
        (RESERVE.name, lambda schema: schema["properties"]["quantity"].update(maximum=50), "MAXIMUM_NARROWED"),
        (RESERVE.name, lambda schema: schema["required"].append("quantity"), "REQUIRED_ATTRIBUTE_ADDED"),
        (RESERVE.name, lambda schema: schema["properties"].update(more={"type": "string"}), "ADDED_TO_OPEN"),
        (RESULTS.name, lambda schema: schema["properties"].update(more={"type": "string"}), ""),
        (RESULTS.name, lambda schema: schema["required"].append("more"), ""),
        (RESULTS.name, lambda schema: schema["properties"].pop("code_ids"), "ADDED_TO_OPEN"),
        (RESULTS.name, lambda schema: schema["required"].remove("code_ids"), "REQUIRED_ATTRIBUTE_ADDED"),
        (
            RESULTS.name,
            lambda schema: schema["properties"]["outcome"]["enum"].append("more"),
            "ENUM_ARRAY_NARROWED",
        ),
        (ASSIGN.name, lambda schema: schema["oneOf"].pop(), "SUM_TYPE_NARROWED"),
        (ASSIGN.name, lambda schema: schema["oneOf"].append({"type": "object", "required": ["more"]}), ""),
    ],
)
def test_a_level_refuses_what_the_contract_calls_breaking(topic: str, edit: Edit, problem: str) -> None:
    """A new field of a request is refused too: a sender may already send that name with any content."""
    subject = subject_of(topic)
    old, new = json.loads(subject.schema), json.loads(subject.schema)
    edit(new)

    found = compared(subject.level, old, new)

    assert bool(problem) == bool(found), found
    assert problem in " ".join(found)
