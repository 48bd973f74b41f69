"""The records that the storm's clients send, as bytes.

In:       ids and numbers.
Out:      `Asked`: topic, key, value, and the id of the expected result.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

RESERVE: Final = "reserve.requests.v1"
ASSIGN: Final = "assign.requests.v1"
RELEASE: Final = "release.requests.v1"
IMPORT: Final = "import.commands.v1"
REQUEST_TOPICS: Final = (RESERVE, ASSIGN, RELEASE)
VALUE_BYTES_MAX: Final = 65_536
KEY_BYTES_MAX: Final = 4_096

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One record to send."""

    topic: str
    key: bytes | None
    value: bytes | None
    request_id: str | None
    """Of the result; None: the record can only become a dead letter."""
    headers: Headers = ()


def asked(topic: str, request: Mapping[str, Any], headers: Headers = ()) -> Asked:
    """A readable request or command."""
    key = str(request.get("fan_id") or request["campaign_id"]).encode()
    return Asked(topic, key, orjson.dumps(request), str(request["request_id"]), headers)


def malformed(number: int) -> Asked:
    """An unreadable record; the number selects its kind."""
    request_id = f"bad-{number}"
    good = {"request_id": request_id, "campaign_id": "hot", "fan_id": "fan-0"}
    topic, value, is_answered, key, headers = MALFORMED[number % len(MALFORMED)](good)
    return Asked(topic, key, value, request_id if is_answered else None, headers)


Made = tuple[str, bytes | None, bool, bytes | None, Headers]
"""Topic, value, whether its id can be read, key, headers."""


def unreadable(topic: str, value: bytes | None) -> Callable[[Mapping[str, Any]], Made]:
    return lambda _good: (topic, value, False, b"k", ())


def wrong(topic: str, **changes: Any) -> Callable[[Mapping[str, Any]], Made]:
    return lambda good: (topic, orjson.dumps({**good, **changes}), True, b"k", ())


MALFORMED: Final[tuple[Callable[[Mapping[str, Any]], Made], ...]] = (
    unreadable(RESERVE, b"not json at all"),
    unreadable(RELEASE, b""),
    unreadable(ASSIGN, None),
    unreadable(RELEASE, b'"a string"'),
    wrong(RESERVE, quantity=0),
    wrong(RESERVE, quantity="2"),
    wrong(ASSIGN, fan_id="not an id"),
    wrong(ASSIGN, reservation_id=7),
    wrong(RELEASE, reason="bored"),
    wrong(RESERVE, note="x" * VALUE_BYTES_MAX),
    lambda good: (RESERVE, orjson.dumps({**good, "request_id": "not an id"}), False, b"k", ()),
    lambda good: (RESERVE, orjson.dumps(good), True, b"k" * (KEY_BYTES_MAX + 1), ()),
    lambda good: (RESERVE, orjson.dumps(good), True, b"k", (("note", b"\xff\xfe"),)),
    lambda good: (RESERVE, orjson.dumps(good).replace(b"fan-0", b"caf\xe9"), False, None, ()),
)
