"""Every kind of record that other teams write or read, as AsyncAPI messages.

In:       models, headers, examples.
Out:      `MESSAGES` in the order of the contract, and `message`, the document's form of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from interfaces import headers
from interfaces.example import Example
from interfaces.examples_in import EXAMPLES_IN
from interfaces.examples_out import EXAMPLES_OUT, LETTERS, REPLIES
from interfaces.headers import BYTES_TYPE, JSON_TYPE, Schema
from schemas.base import ID_PATTERN, Model
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.requests import AssignFromStock, AssignReservation, ImportCommand, ReleaseRequest, ReserveRequest
from schemas.results import Result
from schemas.settings import WorkerSettings

BINDING_VERSION: Final = "0.5.0"
"""Of AsyncAPI's bindings for Kafka."""
MODEL_REF: Final = "#/components/schemas/{name}"
SENDERS_KEY: Final[Schema] = {
    "type": "string",
    "maxLength": WorkerSettings().key_bytes_max,
    "description": "The sender's choice, any bytes: `fan_id` is advised, never the campaign. It decides the "
    "partition, and so which requests are decided one after the other.",
}
CAMPAIGN_KEY: Final[Schema] = {"type": "string", "pattern": ID_PATTERN, "description": "The campaign_id."}
FAN_KEY: Final[Schema] = {"type": "string", "pattern": ID_PATTERN, "description": "The fan_id."}
REQUEST_KEY: Final[Schema] = {"type": "string", "description": "That of the request's record, byte for byte."}
REJECTED_KEY: Final[Schema] = {"type": "string", "description": "That of the rejected record, byte for byte."}
BY_REQUEST_ID: Final = "$message.payload#/request_id"
BY_CORRELATION: Final = "$message.header#/ce_correlationid"
BY_IMPORT_ID: Final = "$message.payload#/import_id"


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of record."""

    name: str
    key: Schema
    headers: Schema
    examples: Sequence[Example]
    model: type[Model] | None = None
    """Of the value; None: any bytes."""
    correlation: str | None = None
    """Where stands what a request and its answer have in common."""
    summary: str = ""
    """What it is, where the model's own words do not fit."""
    content_type: str = field(default=JSON_TYPE)


def asking(name: str, model: type[Model], header: Schema = headers.ASKING, key: Schema = SENDERS_KEY) -> Message:
    """What a sender writes."""
    return Message(name, key, header, EXAMPLES_IN[model], model, BY_REQUEST_ID)


def telling(name: str, model: type[Model], header: Schema, key: Schema, correlation: str | None = None) -> Message:
    """What the service writes."""
    return Message(name, key, header, EXAMPLES_OUT[model], model, correlation)


RESERVE: Final = asking("reserve", ReserveRequest)
ASSIGN_RESERVATION: Final = asking("assignReservation", AssignReservation)
ASSIGN_FROM_STOCK: Final = asking("assignFromStock", AssignFromStock)
RELEASE: Final = asking("release", ReleaseRequest)
IMPORT: Final = asking("import", ImportCommand, headers.COMMANDING, CAMPAIGN_KEY)
RESULT: Final = telling("result", Result, headers.RESULT, REQUEST_KEY, BY_CORRELATION)
REPLY: Final = Message(
    "reply", REQUEST_KEY, headers.REPLY, REPLIES, Result, BY_CORRELATION, "A result's copy, for the sender alone."
)
ASSIGNED: Final = telling("codeAssigned", CodeAssigned, headers.ASSIGNED, FAN_KEY, BY_CORRELATION)
INVENTORY: Final = telling("inventoryChanged", InventoryChanged, headers.INVENTORY, CAMPAIGN_KEY)
PROGRESS: Final = telling("importProgressed", ImportProgressed, headers.IMPORT, CAMPAIGN_KEY, BY_IMPORT_ID)
STOCK_ALERT: Final = telling("stockAlert", StockAlert, headers.STOCK_ALERT, CAMPAIGN_KEY)
DEAD_LETTER: Final = Message(
    "deadLetter",
    REJECTED_KEY,
    headers.DEAD_LETTER,
    LETTERS,
    summary="A record that could not be read: its key and value untouched, and why.",
    content_type=BYTES_TYPE,
)

MESSAGES: Final = (
    RESERVE,
    ASSIGN_RESERVATION,
    ASSIGN_FROM_STOCK,
    RELEASE,
    IMPORT,
    RESULT,
    REPLY,
    ASSIGNED,
    INVENTORY,
    PROGRESS,
    STOCK_ALERT,
    DEAD_LETTER,
)


def message(one: Message) -> dict[str, Any]:
    """As it stands in the document."""
    told = {
        "name": one.name,
        "summary": one.summary or first_sentence(one.model),
        "contentType": one.content_type,
        "headers": one.headers,
        "payload": {"$ref": MODEL_REF.format(name=one.model.__name__)} if one.model else {},
        "correlationId": {"location": one.correlation} if one.correlation else None,
        "bindings": {"kafka": {"key": one.key, "bindingVersion": BINDING_VERSION}},
        "examples": [example.document for example in one.examples],
    }
    return {name: value for name, value in told.items() if value is not None}


def first_sentence(model: type[Model] | None) -> str:
    """Of a model's own words."""
    return " ".join(((model and model.__doc__) or "").split()).partition(". ")[0].rstrip(".") + "."
