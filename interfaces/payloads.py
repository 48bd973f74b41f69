"""JSON Schemas (draft 2020-12) of the records' values, generated from the models.

Out:      `INCOMING`, `OUTGOING`, `schema_of`, `schema_file`.
Promise:  a value that a model accepts conforms to its schema; a value that the service sends has every field.
"""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from interfaces.text import json_text
from schemas.base import Model
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.requests import AssignFromStock, AssignReservation, ImportCommand, ReleaseRequest, ReserveRequest
from schemas.results import Result

Schema = dict[str, Any]

INCOMING: Final[tuple[type[Model], ...]] = (
    ReserveRequest,
    AssignReservation,
    AssignFromStock,
    ReleaseRequest,
    ImportCommand,
)
OUTGOING: Final[tuple[type[Model], ...]] = (Result, CodeAssigned, InventoryChanged, ImportProgressed, StockAlert)
IDENTITY: Final = "urn:code-service:v1:{name}"


class Untitled(GenerateJsonSchema):
    """Omits field titles, which would only repeat the fields' names."""

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def schema_of(model: type[Model]) -> Schema:
    """The schema that senders must follow, or that readers can rely on."""
    mode: JsonSchemaMode = "serialization" if model in OUTGOING else "validation"
    return model.model_json_schema(mode=mode, schema_generator=Untitled)


def schema_file(model: type[Model]) -> str:
    """The schema as a file, with its identifier."""
    identity = {"$schema": GenerateJsonSchema.schema_dialect, "$id": IDENTITY.format(name=model.__name__)}
    return json_text(identity | schema_of(model))
