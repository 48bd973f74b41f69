"""What stands in the headers of a record, as JSON Schemas.

Out:      `ASKING` (of requests), `COMMANDING` (of import commands), and one of each kind of outgoing record.
Promise:  names are those of `producers`; the values are text but where `format` is `binary`.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from producers.envelope import SOURCE, TRACE_BYTES_MAX, TRACE_HEADER
from producers.replies import CORRELATION_HEADER, REFUSED_HEADER, REPLY_PARTITION_HEADER, REPLY_TOPIC_HEADERS
from schemas.base import ID_PATTERN
from schemas.records import DeadLetterReason

Schema = dict[str, Any]
Fields = Mapping[str, Schema]

JSON_TYPE: Final = "application/json"
BYTES_TYPE: Final = "application/octet-stream"
NUMBER: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
TEXT: Final[Schema] = {"type": "string"}


def bytes_of(description: str) -> Schema:
    """A header that may hold any bytes."""
    return {"type": "string", "format": "binary", "description": description}


def text_of(description: str) -> Schema:
    """A header that holds text."""
    return {**TEXT, "description": description}


TRACE: Final[Fields] = {
    TRACE_HEADER: {**TEXT, "maxLength": TRACE_BYTES_MAX, "description": "W3C trace context; given on as it came."}
}
OWN_TOPIC, SPRINGS_TOPIC = REPLY_TOPIC_HEADERS
CORRELATION: Final[Fields] = {CORRELATION_HEADER: bytes_of("Given back on the reply as it came.")}
REPLYING: Final[Fields] = {
    OWN_TOPIC: text_of("Full name of the topic that the result is sent to as well; it must be an allowed one."),
    SPRINGS_TOPIC: text_of(f"The same, from Spring; `{OWN_TOPIC}` goes before it."),
    REPLY_PARTITION_HEADER: bytes_of("Partition for the reply: 4 bytes, a big-endian integer."),
}
REFUSED: Final[Fields] = {REFUSED_HEADER: text_of("The reply topic that was asked for and may not be had.")}
ABOUT_REQUEST: Final[Fields] = {
    "ce_correlationid": {"type": "string", "pattern": ID_PATTERN, "description": "The request_id."}
}
PLACE: Final[Fields] = {
    "dlq-topic": text_of("Full name of the topic where the record stands."),
    "dlq-partition": NUMBER,
    "dlq-offset": NUMBER,
    "dlq-timestamp": {**INSTANT, "description": "The record's own time."},
    "dlq-reason": {"type": "string", "enum": list(get_args(DeadLetterReason))},
    "dlq-detail": text_of("Which field and why; never a field's value."),
    "dlq-group": text_of("The consumer group that rejected it."),
    "dlq-at": {**INSTANT, "description": "When it was rejected."},
}


def headers(always: Fields, sometimes: Fields) -> Schema:
    """Of a record; others may stand there too."""
    return {"type": "object", "properties": {**always, **sometimes}, "required": list(always)}


def cloud_event(kind: str, subject: str, content_type: str = JSON_TYPE) -> Fields:
    """CloudEvents 1.0 in Kafka's binary mode, as `producers.envelope.envelope` writes it."""
    return {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "The same on a record that is sent again."},
        "ce_source": {"type": "string", "const": SOURCE},
        "ce_type": {"type": "string", "const": f"codes.{kind}.v1"},
        "ce_subject": text_of(subject),
        "ce_time": INSTANT,
        "content-type": {"type": "string", "const": content_type},
    }


ASKING: Final = headers({}, {**TRACE, **REPLYING, **CORRELATION})
COMMANDING: Final = headers({}, TRACE)
RESULT: Final = headers({**cloud_event("result", "The request_id."), **ABOUT_REQUEST}, {**TRACE, **REFUSED})
REPLY: Final = headers({**cloud_event("result", "The request_id."), **ABOUT_REQUEST}, {**TRACE, **CORRELATION})
ASSIGNED: Final = headers({**cloud_event("assigned", "The code_id."), **ABOUT_REQUEST}, TRACE)
INVENTORY: Final = headers(cloud_event("inventory", "The campaign_id."), TRACE)
IMPORT: Final = headers(cloud_event("import", "The import_id."), TRACE)
STOCK_ALERT: Final = headers(cloud_event("stock-alert", "The campaign_id."), {})
DEAD_LETTER: Final = headers(
    {**cloud_event("dead-letter", "The topic where it stands, without the prefix.", BYTES_TYPE), **PLACE}, {}
)
