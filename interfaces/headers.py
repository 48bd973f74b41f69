"""JSON Schemas of the records' headers.

Out:      `REQUEST`, `COMMAND` (of import commands), and one for each kind of outgoing record.
Promise:  names are those of `producers`; the values are text unless `format` is `binary`.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from producers.envelope import SOURCE, TRACE_BYTES_MAX, TRACE_HEADER
from producers.replies import CORRELATION_HEADER, REFUSED_HEADER, REPLY_PARTITION_HEADER, REPLY_TOPIC_HEADERS
from schemas.base import ID_PATTERN
from schemas.records import AUTHORIZATION, DeadLetterReason

Schema = dict[str, Any]
Fields = Mapping[str, Schema]

JSON_TYPE: Final = "application/json"
BYTES_TYPE: Final = "application/octet-stream"
NUMBER: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
TEXT: Final[Schema] = {"type": "string"}


def bytes_of(description: str) -> Schema:
    return {"type": "string", "format": "binary", "description": description}


def text_of(description: str) -> Schema:
    return {**TEXT, "description": description}


TRACE: Final[Fields] = {
    TRACE_HEADER: {**TEXT, "maxLength": TRACE_BYTES_MAX, "description": "W3C trace context; passed on unchanged."}
}
TOKEN: Final[Fields] = {AUTHORIZATION: text_of("`Bearer` and a JWT, where the deployment requires one.")}
OWN_TOPIC, SPRINGS_TOPIC = REPLY_TOPIC_HEADERS
CORRELATION: Final[Fields] = {CORRELATION_HEADER: bytes_of("Returned unchanged on the reply.")}
REPLYING: Final[Fields] = {
    OWN_TOPIC: text_of("Full name of the reply topic, to which the result is also sent; it must be allowed."),
    SPRINGS_TOPIC: text_of(f"The reply topic, as set by Spring; `{OWN_TOPIC}` takes precedence."),
    REPLY_PARTITION_HEADER: bytes_of("Partition of the reply: 4 bytes, a big-endian integer."),
}
REFUSED: Final[Fields] = {REFUSED_HEADER: text_of("The requested reply topic, if it is not allowed.")}
ABOUT_REQUEST: Final[Fields] = {
    "ce_correlationid": {"type": "string", "pattern": ID_PATTERN, "description": "The request_id."}
}
PLACE: Final[Fields] = {
    "dlq-topic": text_of("Full name of the record's topic."),
    "dlq-partition": NUMBER,
    "dlq-offset": NUMBER,
    "dlq-timestamp": {**INSTANT, "description": "The record's timestamp."},
    "dlq-reason": {"type": "string", "enum": list(get_args(DeadLetterReason))},
    "dlq-detail": text_of("The field and the problem; never the field's value."),
    "dlq-group": text_of("The consumer group that rejected it."),
    "dlq-at": {**INSTANT, "description": "Time of the rejection."},
}


def headers(always: Fields, sometimes: Fields) -> Schema:
    """The schema of a record's headers; additional headers are allowed."""
    return {"type": "object", "properties": {**always, **sometimes}, "required": list(always)}


def cloud_event(kind: str, subject: str, content_type: str = JSON_TYPE) -> Fields:
    """CloudEvents 1.0 in Kafka's binary mode, as `producers.envelope.envelope` writes it."""
    return {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Equal on a record that is sent again."},
        "ce_source": {"type": "string", "const": SOURCE},
        "ce_type": {"type": "string", "const": f"codes.{kind}.v1"},
        "ce_subject": text_of(subject),
        "ce_time": INSTANT,
        "content-type": {"type": "string", "const": content_type},
    }


REQUEST: Final = headers({}, {**TRACE, **TOKEN, **REPLYING, **CORRELATION})
COMMAND: Final = headers({}, TRACE)
RESULT: Final = headers({**cloud_event("result", "The request_id."), **ABOUT_REQUEST}, {**TRACE, **REFUSED})
REPLY: Final = headers({**cloud_event("result", "The request_id."), **ABOUT_REQUEST}, {**TRACE, **CORRELATION})
ASSIGNED: Final = headers({**cloud_event("assigned", "The code_id."), **ABOUT_REQUEST}, TRACE)
INVENTORY: Final = headers(cloud_event("inventory", "The campaign_id."), TRACE)
IMPORT: Final = headers(cloud_event("import", "The import_id."), TRACE)
STOCK_ALERT: Final = headers(cloud_event("stock-alert", "The campaign_id."), {})
DEAD_LETTER: Final = headers(
    {**cloud_event("dead-letter", "The record's topic, without the prefix.", BYTES_TYPE), **PLACE}, {}
)
