"""What a record of a request or command topic says, by the contract alone.

In:       bytes.
Out:      `Content` of a readable request, `Command` of a readable import command; of others what can be read of them.
Promise:  nothing of the service's own decoder is used.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from tests.checking.history import Logged

VALUE_BYTES_MAX: Final = 65_536
KEY_BYTES_MAX: Final = 4_096
HEADER_BYTES_MAX: Final = 16_384
EXPIRER: Final = "expire:"
TYPES: Final = ("tm", "external")
OPERATIONS: Final = {
    "reserve.requests.v1": "reserve",
    "assign.requests.v1": "assign",
    "release.requests.v1": "release",
}
COMMANDS: Final = "import.commands.v1"

IS_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}").fullmatch
IS_SENDERS: Final = re.compile(r"(?!expire:)[A-Za-z0-9._:-]{1,110}").fullmatch
IS_BUCKET: Final = re.compile(r"[A-Za-z0-9._-]{3,63}").fullmatch
IS_ATTEMPT: Final = re.compile(r"[0-9]+").fullmatch

Fields = Mapping[str, Any]


class Content(NamedTuple):
    """A readable request, defaults filled in. Two records are the same request if these are equal."""

    operation: str
    request_id: str
    campaign_id: str
    fan_id: str | None
    code_type: str | None = None
    quantity: int | None = None
    ttl_s: int | None = None
    reservation_id: str | None = None
    reason: str | None = None


class Command(NamedTuple):
    """A readable import command; `request_id` is the import's id."""

    request_id: str
    campaign_id: str
    bucket: str
    key: str
    version_id: str | None
    code_type: str


def fields_of(value: bytes | None) -> Fields:
    """The JSON object of a value; empty if it is none."""
    try:
        fields = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def fits(record: Logged) -> bool:
    """Whether key, value and headers may be those of a readable record."""
    if len(record.value or b"") > VALUE_BYTES_MAX or len(record.key or b"") > KEY_BYTES_MAX:
        return False
    if not record.headers:
        return True
    size = sum(len(name) + len(value or b"") for name, value in record.headers)
    return size <= HEADER_BYTES_MAX and all(is_text(name, value) for name, value in record.headers)


def is_text(name: str, value: bytes | None) -> bool:
    """Headers are text, except that those of Spring (`kafka_...`) may have any value."""
    try:
        name.encode()
        if value is not None and not name.startswith("kafka_"):
            value.decode()
    except UnicodeError:
        return False
    return True


def content_of(topic: str, fields: Fields) -> Content | None:
    """The request in these fields; None if it is not readable."""
    return KINDS[topic](fields)


def reserve_of(fields: Fields) -> Content | None:
    """See `content_of`."""
    return draw_of("reserve", fields, fields.get("ttl_s", 86_400), ttl_s_max=2_592_000)


def assign_of(fields: Fields) -> Content | None:
    """See `content_of`. Whoever says `reservation_id` means a reservation."""
    if "reservation_id" not in fields:
        return draw_of("assign", fields, None, ttl_s_max=0)
    found = Content(
        "assign",
        request_id=fields.get("request_id", ""),
        campaign_id=fields.get("campaign_id", ""),
        fan_id=fields.get("fan_id"),
        reservation_id=fields["reservation_id"],
    )
    ids = (found.campaign_id, found.fan_id, found.reservation_id)
    return found if is_senders(found.request_id) and all(map(is_id, ids)) else None


def draw_of(operation: str, fields: Fields, ttl_s: Any, *, ttl_s_max: int) -> Content | None:
    """A request that takes codes from stock; `ttl_s` is None if it has none."""
    found = Content(
        operation,
        request_id=fields.get("request_id", ""),
        campaign_id=fields.get("campaign_id", ""),
        fan_id=fields.get("fan_id"),
        code_type=fields.get("code_type", "tm"),
        quantity=fields.get("quantity", 1),
        ttl_s=ttl_s,
    )
    is_readable = (
        is_senders(found.request_id)
        and is_id(found.campaign_id)
        and is_id(found.fan_id)
        and found.code_type in TYPES
        and is_number(found.quantity, 100)
        and (operation == "assign" or is_number(ttl_s, ttl_s_max))
    )
    return found if is_readable else None


def release_of(fields: Fields) -> Content | None:
    """See `content_of`. An id `expire:...` is valid only for the expiry of the reservation that it names."""
    found = Content(
        "release",
        request_id=fields.get("request_id", ""),
        campaign_id=fields.get("campaign_id", ""),
        fan_id=fields.get("fan_id"),
        reservation_id=fields.get("reservation_id"),
        reason=fields.get("reason", "unused"),
    )
    is_readable = (
        is_id(found.campaign_id)
        and is_id(found.reservation_id)
        and (found.fan_id is None or is_id(found.fan_id))
        and found.reason in ("unused", "cancelled", "expired")
        and (is_senders(found.request_id) or is_expiry(found))
    )
    return found if is_readable else None


def is_expiry(found: Content) -> bool:
    """Whether it is a request of the expirer."""
    if not is_id(found.request_id) or found.fan_id is not None or found.reason != "expired":
        return False
    stem, _, attempt = found.request_id.rpartition(":")
    return stem == f"{EXPIRER}{found.reservation_id}" and IS_ATTEMPT(attempt) is not None


def command_of(fields: Fields) -> Command | None:
    """The import command in these fields; None if it is not readable."""
    names = ("request_id", "campaign_id", "bucket", "key", "version_id")
    request_id, campaign_id, bucket, key, version_id = (fields.get(name) for name in names)
    found = Command(
        request_id or "", campaign_id or "", bucket or "", key or "", version_id, fields.get("code_type", "tm")
    )
    is_readable = (
        is_senders(request_id)
        and is_id(campaign_id)
        and isinstance(bucket, str)
        and IS_BUCKET(bucket)
        and is_name(key)
        and (version_id is None or is_name(version_id))
        and found.code_type in TYPES
    )
    return found if is_readable else None


def is_id(value: Any) -> bool:
    """Whether it is an id of the contract's form."""
    return isinstance(value, str) and IS_ID(value) is not None


def is_senders(value: Any) -> bool:
    """Whether a sender may choose it as a `request_id`."""
    return isinstance(value, str) and IS_SENDERS(value) is not None


def is_number(value: Any, at_most: int) -> bool:
    """Whether it is a whole number from 1; true and 1.0 are none."""
    return type(value) is int and 1 <= value <= at_most


def is_name(value: Any) -> bool:
    """Whether it is a key or version of S3."""
    return isinstance(value, str) and 1 <= len(value) <= 1_024


KINDS: Final[dict[str, Callable[[Fields], Content | None]]] = {
    "reserve.requests.v1": reserve_of,
    "assign.requests.v1": assign_of,
    "release.requests.v1": release_of,
}
