"""Records that cannot be decoded, and what becomes of them.

Out: `decoded`, `rejection`; `a_rejected`, a rejection as decode makes it, and `a_dead_letter` of it;
     `RESERVE_FIELDS`, the fields of a valid reserve.
"""

from typing import Any, Final

from consumers.decode import decode_request
from producers.envelope import dead_letter_record
from schemas.records import Asked, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import Request
from schemas.topics import RESERVE
from tests.fakes.builders import CAMPAIGN, FAN, HOUR, NOW, SIZES, TOPICS, a_record

CANARY: Final = "XYZZY-canary"
"""A value that no rejection may repeat."""
RESERVE_FIELDS: Final = {"request_id": "r-1", "campaign_id": CAMPAIGN, "fan_id": FAN}


def decoded(record: IncomingRecord, topic: str = RESERVE.name) -> Asked[Request] | Rejected:
    """Decode with the usual size limits."""
    return decode_request(record, topic, SIZES)


def rejection(record: IncomingRecord, topic: str = RESERVE.name) -> Rejected:
    """Decode a record that must be rejected."""
    found = decoded(record, topic)
    assert isinstance(found, Rejected)
    return found


def a_dead_letter(rejected: Rejected) -> OutgoingRecord:
    """The dead letter of a rejection, an hour later."""
    return dead_letter_record(rejected, group="codes-worker", at=NOW + HOUR, topics=TOPICS)


def a_rejected(record: IncomingRecord | None = None, **changes: Any) -> Rejected:  # any of its fields
    """A reserve with a wrong quantity."""
    fields: dict[str, Any] = {
        "reason": "invalid",
        "detail": "quantity: Input should be a valid integer",
        "record": record or a_record(b"{}", partition=3, offset=17),
        "operation": "reserve",
        "request_id": "r-1",
        "campaign_id": CAMPAIGN,
        "fan_id": FAN,
    }
    return Rejected(**(fields | changes))
