"""Examples of incoming records: an order whose codes are reserved and assigned, and the other requests.

Out:      the decoded records, and `EXAMPLES_IN` by model.
"""

from collections.abc import Mapping
from typing import Any, Final

from interfaces.example import FAN, Example, asked, example
from schemas.base import Model
from schemas.records import Asked
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ImportCommand,
    ReleaseRequest,
    ReserveRequest,
    expirer_request_id,
)
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE

CAMPAIGN: Final = "spring"
RESERVATION: Final = "order-1001.reserve"
REPLY_TOPIC: Final = "orders.code-replies"
TRACE: Final = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
REPLY_HEADERS: Final = (("reply-topic", REPLY_TOPIC.encode()), ("kafka_correlationId", b"order-1001"))
IDS: Final = {"campaign_id": CAMPAIGN, "fan_id": FAN}
OF_RESERVATION: Final = {"campaign_id": CAMPAIGN, "reservation_id": RESERVATION}

RESERVE_TWO: Final = asked(
    RESERVE, {"request_id": RESERVATION, **IDS, "code_type": "tm", "quantity": 2, "ttl_s": 900}, TRACE, *REPLY_HEADERS
)
RESERVE_SHORT: Final = asked(RESERVE, {"request_id": "order-1003.reserve", **IDS})
ASSIGN_HELD: Final = asked(ASSIGN, {"request_id": "order-1001.assign", **IDS, "reservation_id": RESERVATION}, TRACE)
ASSIGN_STOCK: Final = asked(ASSIGN, {"request_id": "order-1002.assign", **IDS, "code_type": "external"})
RELEASE_HELD: Final = asked(
    RELEASE, {"request_id": "order-1001.release", **OF_RESERVATION, "fan_id": FAN, "reason": "cancelled"}
)
EXPIRY: Final = asked(
    RELEASE, {"request_id": expirer_request_id(RESERVATION, 1), **OF_RESERVATION, "reason": "expired"}
)
IMPORT_FILE: Final = asked(
    IMPORT, {"request_id": "spring-1", "campaign_id": CAMPAIGN, "bucket": "codes-in", "key": "spring.csv.gz"}, TRACE
)


def shown(name: str, summary: str, request: Asked[Any]) -> Example:
    return example(name, summary, request.record)


EXAMPLES_IN: Final[Mapping[type[Model], tuple[Example, ...]]] = {
    ReserveRequest: (
        shown("two", "Two codes for 15 minutes, with the answer on the sender's reply topic.", RESERVE_TWO),
        shown("shortest", "One code of type `tm` for a day.", RESERVE_SHORT),
    ),
    AssignReservation: (shown("held", "The codes of a reservation, for the fan who holds it.", ASSIGN_HELD),),
    AssignFromStock: (shown("stock", "One code directly from stock, without a reservation.", ASSIGN_STOCK),),
    ReleaseRequest: (
        shown("cancelled", "The order was cancelled.", RELEASE_HELD),
        shown("expired", "From the expirer: the reservation has expired.", EXPIRY),
    ),
    ImportCommand: (shown("file", "Import a compressed CSV file.", IMPORT_FILE),),
}
