"""Every kind of record that other teams write or read, as AsyncAPI messages.

In:       models, headers, examples.
Out:      `MESSAGES` in the order of the contract, and `document_of`, a message's part of the document.
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
"""Version of AsyncAPI's bindings for Kafka."""
MODEL_REF: Final = "#/components/schemas/{name}"
SENDERS_KEY: Final[Schema] = {
    "type": "string",
    "maxLength": WorkerSettings().key_bytes_max,
    "description": "Any bytes, chosen by the sender: use `fan_id`, never the campaign. The key determines the "
    "partition, and requests in one partition are decided in order.",
}
CAMPAIGN_KEY: Final[Schema] = {"type": "string", "pattern": ID_PATTERN, "description": "The campaign_id."}
FAN_KEY: Final[Schema] = {"type": "string", "pattern": ID_PATTERN, "description": "The fan_id."}
REQUEST_KEY: Final[Schema] = {"type": "string", "description": "The key of the request's record, unchanged."}
REJECTED_KEY: Final[Schema] = {"type": "string", "description": "The key of the rejected record, unchanged."}
BY_REQUEST_ID: Final = "$message.payload#/request_id"
BY_CORRELATION: Final = "$message.header#/ce_correlationid"
BY_IMPORT_ID: Final = "$message.payload#/import_id"


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    key: Schema
    headers: Schema
    examples: Sequence[Example]
    model: type[Model] | None = None
    """Model of the value; None: any bytes."""
    correlation: str | None = None
    """Location of the correlation id, which a request and its answer share."""
    summary: str = ""
    """Replaces the first sentence of the model's docstring."""
    content_type: str = field(default=JSON_TYPE)


def incoming(name: str, model: type[Model], header: Schema = headers.REQUEST, key: Schema = SENDERS_KEY) -> Message:
    return Message(name, key, header, EXAMPLES_IN[model], model, BY_REQUEST_ID)


def outgoing(name: str, model: type[Model], header: Schema, key: Schema, correlation: str | None = None) -> Message:
    return Message(name, key, header, EXAMPLES_OUT[model], model, correlation)


RESERVE: Final = incoming("reserve", ReserveRequest)
ASSIGN_RESERVATION: Final = incoming("assignReservation", AssignReservation)
ASSIGN_FROM_STOCK: Final = incoming("assignFromStock", AssignFromStock)
RELEASE: Final = incoming("release", ReleaseRequest)
IMPORT: Final = incoming("import", ImportCommand, headers.COMMAND, CAMPAIGN_KEY)
RESULT: Final = outgoing("result", Result, headers.RESULT, REQUEST_KEY, BY_CORRELATION)
REPLY: Final = Message(
    "reply", REQUEST_KEY, headers.REPLY, REPLIES, Result, BY_CORRELATION, "A copy of a result, for its sender."
)
ASSIGNED: Final = outgoing("codeAssigned", CodeAssigned, headers.ASSIGNED, FAN_KEY, BY_CORRELATION)
INVENTORY: Final = outgoing("inventoryChanged", InventoryChanged, headers.INVENTORY, CAMPAIGN_KEY)
PROGRESS: Final = outgoing("importProgressed", ImportProgressed, headers.IMPORT, CAMPAIGN_KEY, BY_IMPORT_ID)
STOCK_ALERT: Final = outgoing("stockAlert", StockAlert, headers.STOCK_ALERT, CAMPAIGN_KEY)
DEAD_LETTER: Final = Message(
    "deadLetter",
    REJECTED_KEY,
    headers.DEAD_LETTER,
    LETTERS,
    summary="An unreadable record: its key and value, unchanged, and the reason.",
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


def document_of(message: Message) -> dict[str, Any]:
    """The message as an AsyncAPI Message Object."""
    document = {
        "name": message.name,
        "summary": message.summary or first_sentence(message.model),
        "contentType": message.content_type,
        "headers": message.headers,
        "payload": {"$ref": MODEL_REF.format(name=message.model.__name__)} if message.model else {},
        "correlationId": {"location": message.correlation} if message.correlation else None,
        "bindings": {"kafka": {"key": message.key, "bindingVersion": BINDING_VERSION}},
        "examples": [example.document for example in message.examples],
    }
    return {name: value for name, value in document.items() if value is not None}


def first_sentence(model: type[Model] | None) -> str:
    """The first sentence of a model's docstring."""
    return " ".join(((model and model.__doc__) or "").split()).partition(". ")[0].rstrip(".") + "."
