"""Validators say in MongoDB's words what the document models say in Python's."""

import pytest
from pydantic import BaseModel, Field

from schemas.documents import AuditRecordDocument, CodeDocument, LedgerDocument, ReservationDocument
from stores.mongo.specs import collections
from stores.mongo.validators import validator_of


def properties_of(model: type[BaseModel]) -> dict[str, dict[str, object]]:
    """The fields of a validator."""
    properties: dict[str, dict[str, object]] = validator_of(model)["$jsonSchema"]["properties"]
    return properties


def test_fields_have_bson_types_under_their_stored_names() -> None:
    """Dates are dates, not text; an int may be stored as either kind."""
    fields = properties_of(CodeDocument)

    assert {"bsonType": ["string"]} == fields["_id"]
    assert {"bsonType": ["string", "null"]} == fields["returned"]
    assert {"bsonType": ["date"]} == fields["changed_at"]
    assert {"enum": ["available", "reserved", "assigned"]} == fields["status"]
    assert {"bsonType": ["string"]} == fields["campaign_id"]


def test_what_may_be_null_may_be_null_there_too() -> None:
    """Also where the field is one of a set."""
    outcome = properties_of(LedgerDocument)["outcome"]["properties"]

    assert isinstance(outcome, dict)
    assert {"bsonType": ["date", "null"]} == properties_of(ReservationDocument)["expires_at"]
    assert {"enum": ["tm", "external", None]} == outcome["code_type"]


def test_a_mapping_says_what_its_values_are() -> None:
    """Whatever the names are."""
    counts = properties_of(AuditRecordDocument)["counts"]

    assert {"bsonType": ["object"], "additionalProperties": {"bsonType": ["int", "long"]}} == counts


def test_tuples_are_arrays_and_models_are_objects() -> None:
    """With the types of what is inside."""
    outcome = properties_of(LedgerDocument)["outcome"]

    assert {"bsonType": ["array"], "items": {"bsonType": ["string"]}} == properties_of(ReservationDocument)[
        "code_ids"
    ]
    assert ["object"] == outcome["bsonType"]
    assert ["request_id", "operation", "outcome", "decided_at"] == outcome["required"]


def test_every_field_of_every_collection_is_in_its_validator() -> None:
    """A field that a validator forgot could hold anything. Only one that older documents lack is not required."""
    for spec in collections(ledger_days=30):
        stored = {field.alias or name for name, field in spec.model.model_fields.items()}

        assert stored == set(properties_of(spec.model))
        required = {field.alias or name for name, field in spec.model.model_fields.items() if field.is_required()}
        assert required == set(validator_of(spec.model)["$jsonSchema"]["required"])


def test_unknown_fields_are_let_through() -> None:
    """In a roll-out the old validator meets the new version's documents."""
    assert "additionalProperties" not in validator_of(CodeDocument)["$jsonSchema"]


def test_a_choice_of_several_types_stays_a_choice() -> None:
    """Not every union is a nullable."""

    class Either(BaseModel):
        value: int | str | None
        flag: bool = True
        share: float = 0.5

    fields = properties_of(Either)

    types = [{"bsonType": ["int", "long"]}, {"bsonType": ["string"]}, {"bsonType": ["null"]}]
    assert {"anyOf": types} == fields["value"]
    assert {"bsonType": ["bool"]} == fields["flag"]
    assert {"bsonType": ["double", "int", "long"]} == fields["share"]


def test_a_keyword_without_translation_is_an_error_and_not_a_gap() -> None:
    """Found by the first test run, not by a document that should have been refused."""

    class Odd(BaseModel):
        step: int = Field(multiple_of=5)

    with pytest.raises(TypeError, match="multipleOf"):
        validator_of(Odd)


def test_indexes_are_those_that_the_queries_need() -> None:
    """By collection: fields and options."""
    indexes = {
        f"{spec.name}.{index.name}": (index.fields, index.options())
        for spec in collections(ledger_days=2)
        for index in spec.indexes
    }

    held = {"partialFilterExpression": {"state": "held"}}
    assert {
        "codes.returned": (("returned",), {"sparse": True}),
        "reservations.overdue": (("expires_at",), held),
        "reservations.moved_by": (("moved_by",), {}),
        "requests.forget": (("decided_at",), {"expireAfterSeconds": 172_800}),
        "inventory.campaign": (("campaign_id",), {}),
        "rejects.report": (("import_id", "line"), {}),
        "cancellations.forget": (("asked_at",), {"expireAfterSeconds": 2_592_000}),
        "audit_records.latest": (("at", "_id"), {}),
    } == indexes
