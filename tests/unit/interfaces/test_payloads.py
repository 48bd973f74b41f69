"""The JSON Schemas accept what the models accept, and refuse what they refuse."""

from typing import Any

import orjson
import pytest

from interfaces.example import Example, read
from interfaces.examples_in import EXAMPLES_IN
from interfaces.examples_out import EXAMPLES_OUT
from interfaces.payloads import INCOMING, OUTGOING, schema_file, schema_of
from schemas.base import Model
from schemas.records import Asked, Rejected
from schemas.requests import AssignFromStock, AssignReservation, ImportCommand, ReleaseRequest, ReserveRequest
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE, TopicSpec
from tests.unit.interfaces.judging import faults

IDS = {"request_id": "r-1", "campaign_id": "spring", "fan_id": "fan-1"}
HELD = {"request_id": "r-1", "campaign_id": "spring", "reservation_id": "x"}
FILE = {"request_id": "i-1", "campaign_id": "spring", "bucket": "codes-in", "key": "spring.csv"}
TOPIC_OF: dict[type[Model], TopicSpec] = {
    ReserveRequest: RESERVE,
    AssignReservation: ASSIGN,
    AssignFromStock: ASSIGN,
    ReleaseRequest: RELEASE,
    ImportCommand: IMPORT,
}
SHOWN_IN = [(model, example) for model, examples in EXAMPLES_IN.items() for example in examples]
SHOWN_OUT = [(model, example) for model, examples in EXAMPLES_OUT.items() for example in examples]
REFUSED: list[tuple[type[Model], dict[str, Any]]] = [
    (ReserveRequest, {}),
    (ReserveRequest, {**IDS, "fan_id": ""}),
    (ReserveRequest, {**IDS, "fan_id": None}),
    (ReserveRequest, {**IDS, "campaign_id": "two words"}),
    (ReserveRequest, {**IDS, "request_id": "r" * 111}),
    (ReserveRequest, {**IDS, "request_id": "expire:r-1:1"}),
    (ReserveRequest, {**IDS, "quantity": 0}),
    (ReserveRequest, {**IDS, "quantity": 101}),
    (ReserveRequest, {**IDS, "quantity": "2"}),
    (ReserveRequest, {**IDS, "quantity": True}),
    (ReserveRequest, {**IDS, "code_type": None}),
    (ReserveRequest, {**IDS, "ttl_s": 2_592_001}),
    (AssignReservation, {**IDS, "reservation_id": 7}),
    (AssignReservation, {**IDS, "request_id": "expire:x:1", "reservation_id": "x"}),
    (AssignFromStock, {**IDS, "code_type": "TM"}),
    (AssignFromStock, {**IDS, "quantity": 1.5}),
    (ReleaseRequest, {**HELD, "reason": "stolen"}),
    (ReleaseRequest, {**HELD, "request_id": "r" * 111}),
    (ReleaseRequest, {**HELD, "request_id": "expire:x:1"}),
    (ReleaseRequest, {**HELD, "request_id": "expire:x:1", "reason": "expired", "fan_id": "fan-1"}),
    (ImportCommand, {**FILE, "bucket": "a/b"}),
    (ImportCommand, {**FILE, "key": ""}),
    (ImportCommand, {**FILE, "version_id": ""}),
]


@pytest.mark.parametrize("model", [*INCOMING, *OUTGOING])
def test_each_schema_is_one_of_draft_2020_12(model: type[Model]) -> None:
    """It is self-contained: nothing in it refers to another document."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # takes seconds to load

    document = orjson.loads(schema_file(model))

    Draft202012Validator.check_schema(document)
    assert "https://json-schema.org/draft/2020-12/schema" == document["$schema"]
    assert "$ref" not in schema_file(model)


@pytest.mark.parametrize(("model", "shown"), SHOWN_IN, ids=lambda value: getattr(value, "name", None))
def test_an_example_of_a_request_is_valid_for_the_decoder_too(model: type[Model], shown: Example) -> None:
    """It conforms to its schema, and is decoded as its model."""
    found = read(TOPIC_OF[model], orjson.dumps(shown.payload))

    assert [] == faults(shown.payload, schema_of(model))
    assert isinstance(found, Asked)
    assert model is type(found.request)


@pytest.mark.parametrize(("model", "shown"), SHOWN_OUT, ids=lambda value: getattr(value, "name", None))
def test_an_example_of_an_answer_is_valid_for_the_model_too(model: type[Model], shown: Example) -> None:
    """It has every field, and no other."""
    assert [] == faults(shown.payload, schema_of(model))
    assert shown.payload == orjson.loads(model.model_validate_json(orjson.dumps(shown.payload)).to_json())


def test_every_model_has_an_example() -> None:
    """A reader of the document finds an example for each."""
    shown = {**EXAMPLES_IN, **EXAMPLES_OUT}

    assert {*INCOMING, *OUTGOING} == {model for model, examples in shown.items() if examples}


@pytest.mark.parametrize(("model", "fields"), REFUSED)
def test_the_service_refuses_what_a_schema_refuses(model: type[Model], fields: dict[str, Any]) -> None:
    """A sender can check requests against the schema before sending them."""
    assert [] != faults(fields, schema_of(model))
    assert isinstance(read(TOPIC_OF[model], orjson.dumps(fields)), Rejected)


@pytest.mark.parametrize(
    "fields", [{**IDS, "reservation_id": "x"}, {**IDS, "quantity": 2}, {**IDS, "reservation_id": 7}]
)
def test_an_assign_is_of_one_kind_at_most(fields: dict[str, Any]) -> None:
    """With `reservation_id` it refers to a reservation, even if the id is malformed."""
    kinds = [model for model in (AssignReservation, AssignFromStock) if not faults(fields, schema_of(model))]

    found = read(ASSIGN, orjson.dumps(fields))
    assert kinds == ([type(found.request)] if isinstance(found, Asked) else [])


@pytest.mark.parametrize("model", OUTGOING)
def test_outgoing_values_have_every_field(model: type[Model]) -> None:
    """A field that does not apply is null."""
    assert [*model.model_fields] == schema_of(model)["required"]


@pytest.mark.parametrize("model", INCOMING)
def test_unknown_fields_of_a_request_are_allowed(model: type[Model]) -> None:
    """An older service accepts requests of a newer sender."""
    payload = EXAMPLES_IN[model][0].payload

    assert [] == faults({**payload, "tomorrow": 1}, schema_of(model))
