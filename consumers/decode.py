"""Bytes to a readable request, or a rejection that says what is wrong with them.

In:       one record as it came.
Out:      `Asked` or `Rejected`.
Promise:  never raises for bad input, and never repeats a value of it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.base import EXPIRER_PREFIX, Id, Model, Operation
from schemas.problems import problems
from schemas.records import Asked, DeadLetterReason, IncomingRecord, Rejected
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ImportCommand,
    ReleaseRequest,
    Request,
    ReserveRequest,
    content_digest,
)
from schemas.settings import WorkerSettings
from schemas.topics import ASSIGN, IMPORT, OPERATIONS, RELEASE, RESERVE
from schemas.wire_format import ID_HEADERS, RegistryFormat, without_prefix

BINARY_HEADERS: Final = "kafka_"
"""Spring's headers may hold any bytes (a correlation id is a binary UUID); all others are text."""
ID_ADAPTER: Final = TypeAdapter[str](Id)

R = TypeVar("R", bound=Model)


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """In bytes; and whether a record may have a schema's id, before its value or in a header."""

    value_bytes_max: int
    key_bytes_max: int
    header_bytes_max: int
    is_schema_id_allowed: bool = False

    @classmethod
    def of(cls, settings: WorkerSettings, formats: Collection[RegistryFormat] = ()) -> Self:
        """The limits that the settings give."""
        sizes = (settings.record_bytes_max, settings.key_bytes_max, settings.header_bytes_max)
        return cls(*sizes, is_schema_id_allowed="json" in formats)

    def is_binary(self, header: str) -> bool:
        """Whether a header's value may be any bytes."""
        return header.startswith(BINARY_HEADERS) or (self.is_schema_id_allowed and header in ID_HEADERS)

    def json_in(self, value: bytes) -> bytes:
        """The part of a value that must be JSON."""
        return without_prefix(value) if self.is_schema_id_allowed else value


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):  # a verdict on the input, not an error of ours
    """Why a record cannot be read; leaves this module as `Rejected`."""

    reason: DeadLetterReason
    detail: str
    fields: Mapping[str, Any]
    """What could be read of it."""


def model_of_assign(fields: Mapping[str, Any]) -> type[AssignReservation | AssignFromStock]:
    """A record that says `reservation_id` means a reservation, even if what it says is malformed."""
    return AssignReservation if "reservation_id" in fields else AssignFromStock


MODELS: Final[dict[str, Callable[[Mapping[str, Any]], type[Request]]]] = {
    RESERVE.name: lambda _: ReserveRequest,
    ASSIGN.name: model_of_assign,
    RELEASE.name: lambda _: ReleaseRequest,
}


def decode_request(record: IncomingRecord, topic: str, limits: SizeLimits) -> Asked[Request] | Rejected:
    """Read a record of a request topic. `topic` is its name without the prefix."""
    return decode(record, topic, limits, MODELS[topic])


def decode_command(record: IncomingRecord, limits: SizeLimits) -> Asked[ImportCommand] | Rejected:
    """Read a record of the command topic."""
    return decode(record, IMPORT.name, limits, lambda _: ImportCommand)


def decode(
    record: IncomingRecord,
    topic: str,
    limits: SizeLimits,
    choose_model: Callable[[Mapping[str, Any]], type[R]],
) -> Asked[R] | Rejected:
    """Check the sizes, the headers, the JSON and the fields, in this order."""
    try:
        fields = readable_fields(record, limits)
        check_headers(record, limits, fields)
        request = validated(choose_model(fields), fields)
    except Unreadable as why:
        return rejected(record, why, OPERATIONS.get(topic))
    source = f"{topic}.{record.partition}@{record.offset}"
    return Asked(request, content_digest(request), source, record)


def readable_fields(record: IncomingRecord, limits: SizeLimits) -> dict[str, Any]:
    """The JSON object of a record.

    Raises:
        Unreadable: it is a batch that cannot be read, too large, empty, not JSON, not UTF-8 or not an object.
    """
    if record.batch is not None:
        raise Unreadable("unprocessable", record.batch.detail, {})
    if not record.value:
        raise Unreadable("not_json", "value: empty", {})
    text = limits.json_in(record.value)
    if len(record.value) > limits.value_bytes_max:
        raise too_large("value", len(record.value), limits.value_bytes_max, what_can_be_read(text))
    fields = parsed(text)
    if record.key is not None and len(record.key) > limits.key_bytes_max:
        raise too_large("key", len(record.key), limits.key_bytes_max, fields)
    return fields


def too_large(part: str, size: int, size_max: int, fields: Mapping[str, Any]) -> Unreadable:
    """What could be read all the same serves to answer the sender."""
    return Unreadable("too_large", f"{part}: {size} bytes, at most {size_max}", fields)


def what_can_be_read(value: bytes) -> dict[str, Any]:
    """The fields of a value that is refused already, if it has any."""
    try:
        return parsed(value)
    except Unreadable:
        return {}


def named_campaign(value: bytes) -> str | None:
    """The campaign that a rejected value names, with the prefix of a schema registry or without."""
    return readable_id(what_can_be_read(without_prefix(value)).get("campaign_id"))


def parsed(value: bytes) -> dict[str, Any]:
    """Raises Unreadable if it is not one UTF-8 JSON object."""
    try:
        fields = orjson.loads(value)
    except orjson.JSONDecodeError as why:
        problem = "not JSON" if is_utf8(value) else "not UTF-8"
        raise Unreadable("not_json", f"value: {problem} (line {why.lineno}, column {why.colno})", {}) from None
    if not isinstance(fields, dict):
        raise Unreadable("invalid", "value: must be a JSON object", {})
    return fields


def is_text(name: str) -> bool:
    """Whether a header's name was UTF-8; if not, it came with surrogates (see `consumers.loop.aiokafka_patch`)."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def is_utf8(text: bytes) -> bool:
    """Whether these bytes are UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_headers(record: IncomingRecord, limits: SizeLimits, fields: Mapping[str, Any]) -> None:
    """Raises Unreadable if the headers are too long, or one that is text by convention is not."""
    if not record.headers:
        return
    size = sum(len(name) + len(value or b"") for name, value in record.headers)
    if size > limits.header_bytes_max:
        raise too_large("headers", size, limits.header_bytes_max, fields)
    for number, (name, value) in enumerate(record.headers):
        if not is_text(name):
            raise Unreadable("invalid", f"headers[{number}]: its name must be UTF-8 text", fields)
        if value is not None and not limits.is_binary(name) and not is_utf8(value):
            raise Unreadable("invalid", f"headers[{number}]: must be UTF-8 text", fields)


def validated(model: type[R], fields: dict[str, Any]) -> R:
    """Raises Unreadable with the names of the fields that are wrong, and why."""
    try:
        return model.model_validate(fields)
    except ValidationError as why:
        raise Unreadable("invalid", problems(why), fields) from None


def rejected(record: IncomingRecord, why: Unreadable, operation: Operation | None) -> Rejected:
    """The rejection, with those ids that could be read."""
    return Rejected(
        reason=why.reason,
        detail=why.detail,
        record=record,
        operation=operation,
        request_id=readable_request_id(why.fields.get("request_id")),
        campaign_id=readable_id(why.fields.get("campaign_id")),
        fan_id=readable_id(why.fields.get("fan_id")),
    )


def rejected_as_unprocessable(asked: Asked[Any], detail: str) -> Rejected:
    """A request or command that is readable and yet cannot be processed."""
    return rejected_after_reading(asked, "unprocessable", detail)


def rejected_after_reading(asked: Asked[Any], reason: DeadLetterReason, detail: str) -> Rejected:
    """A request or command that is readable and yet rejected."""
    request = asked.request
    return Rejected(
        reason=reason,
        detail=detail,
        record=asked.record,
        operation=getattr(request, "operation", None),  # a command has none, nor a fan
        request_id=request.request_id,
        campaign_id=request.campaign_id,
        fan_id=getattr(request, "fan_id", None),
    )


def readable_id(value: object) -> str | None:
    """An id of the contract's form, or None."""
    try:
        return ID_ADAPTER.validate_python(value, strict=True)
    except ValidationError:
        return None


def readable_request_id(value: object) -> str | None:
    """An id that a sender can be answered under. Nobody but the expirer is answered under one of its ids."""
    found = readable_id(value)
    return None if found is None or found.startswith(EXPIRER_PREFIX) else found
