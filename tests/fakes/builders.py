"""Requests, records and documents for tests, with defaults for every field that a test does not name.

Out: `a_reserve`, `an_assign`, `an_assign_from_stock`, `a_release`, `a_record`, `asked`, and the rest.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from consumers.decode import SizeLimits
from handlers.requests.facts import Candidate, Facts, StockKey
from handlers.requests.plan import Plan, plan_batch
from handlers.requests.state import WorkingState
from schemas.documents import InventoryDocument, LedgerDocument, ReservationDocument
from schemas.records import Asked, Headers, IncomingRecord, OutgoingRecord
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ReleaseRequest,
    Request,
    ReserveRequest,
    content_digest,
)
from schemas.results import Result
from schemas.topics import ASSIGN, RELEASE, RESERVE, Topics

PREFIX: Final = "t."
TOPICS: Final = Topics(PREFIX)
CAMPAIGN: Final = "summer"
FAN: Final = "fan-1"
NOW: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
TM: Final = StockKey(CAMPAIGN, "tm")
EXTERNAL: Final = StockKey(CAMPAIGN, "external")
SIZES: Final = SizeLimits(value_bytes_max=65_536, key_bytes_max=4_096, header_bytes_max=16_384)
TOPIC_OF: Final = {"reserve": RESERVE.name, "assign": ASSIGN.name, "release": RELEASE.name}


def a_reserve(**changes: object) -> ReserveRequest:
    """One code of type `tm` for the fan, for a day."""
    fields: dict[str, Any] = {"request_id": "r-1", "campaign_id": CAMPAIGN, "fan_id": FAN}
    return ReserveRequest(**(fields | changes))


def an_assign(**changes: object) -> AssignReservation:
    """The codes of reservation `r-1` for the fan who holds it."""
    fields: dict[str, Any] = {
        "request_id": "a-1",
        "campaign_id": CAMPAIGN,
        "fan_id": FAN,
        "reservation_id": "r-1",
    }
    return AssignReservation(**(fields | changes))


def an_assign_from_stock(**changes: object) -> AssignFromStock:
    """One code of type `tm` for the fan, for good."""
    fields: dict[str, Any] = {"request_id": "s-1", "campaign_id": CAMPAIGN, "fan_id": FAN}
    return AssignFromStock(**(fields | changes))


def a_release(**changes: object) -> ReleaseRequest:
    """Reservation `r-1`'s codes back, because they are not used."""
    fields: dict[str, Any] = {"request_id": "b-1", "campaign_id": CAMPAIGN, "reservation_id": "r-1"}
    return ReleaseRequest(**(fields | changes))


def an_expiry(reservation_id: str = "r-1", attempt: int = 1, campaign_id: str = CAMPAIGN) -> ReleaseRequest:
    """What the expirer asks for."""
    return a_release(
        request_id=f"expire:{reservation_id}:{attempt}",
        campaign_id=campaign_id,
        reservation_id=reservation_id,
        reason="expired",
    )


def milliseconds(instant: datetime) -> int:
    """As a record's timestamp."""
    return round(instant.timestamp() * 1000)


def a_record(
    value: bytes | Mapping[str, object] | None,
    *,
    topic: str = RESERVE.name,
    partition: int = 0,
    offset: int = 0,
    at: datetime = NOW,
    key: bytes | None = b"key",
    headers: Headers = (),
) -> IncomingRecord:
    """A record of a request topic, named without the prefix."""
    content = json.dumps(value).encode() if isinstance(value, Mapping) else value
    return IncomingRecord(PREFIX + topic, partition, offset, milliseconds(at), key, content, headers)


def asked(
    request: Request,
    *,
    offset: int = 0,
    partition: int = 0,
    at: datetime = NOW,
    headers: Headers = (),
) -> Asked[Request]:
    """A request as decode returns it, with its record."""
    topic = TOPIC_OF[request.operation]
    record = a_record(request.to_json(), topic=topic, partition=partition, offset=offset, at=at, headers=headers)
    return Asked(request, content_digest(request), f"{topic}.{partition}@{offset}", record)


def a_reservation(**changes: object) -> ReservationDocument:
    """Reservation `r-1`: one code, held by the fan for an hour."""
    fields: dict[str, Any] = {
        "_id": "r-1",
        "campaign_id": CAMPAIGN,
        "fan_id": FAN,
        "code_type": "tm",
        "code_ids": ("c-1",),
        "state": "held",
        "expires_at": NOW + HOUR,
        "moved_by": "reserve.requests.v1.0@0",
        "changed_at": NOW,
    }
    return ReservationDocument(**(fields | changes))


def an_entry(of: Asked[Request], result: Result, **changes: object) -> LedgerDocument:
    """The ledger's entry of a request that was decided."""
    fields: dict[str, Any] = {
        "_id": of.request.request_id,
        "digest": of.digest,
        "source": of.source,
        "outcome": result,
        "decided_at": result.decided_at,
    }
    return LedgerDocument(**(fields | changes))


def a_shard(**changes: object) -> InventoryDocument:
    """The totals that partition 0 of the reserve topic keeps for the campaign."""
    fields: dict[str, Any] = {
        "_id": "summer:tm:reserve.requests.v1.0",
        "campaign_id": CAMPAIGN,
        "code_type": "tm",
        "shard": "reserve.requests.v1.0",
        "version": 3,
        "available": -5,
        "reserved": 4,
        "assigned": 1,
        "cause": "reserve",
        "changed_at": NOW,
    }
    return InventoryDocument(**(fields | changes))


def candidates(count: int, *, first: int = 1) -> tuple[Candidate, ...]:
    """`c-1`, `c-2`, … with their values."""
    return tuple(Candidate(f"c-{number}", f"SECRET-{number}") for number in range(first, first + count))


def facts(
    *,
    stock: Mapping[StockKey, Sequence[Candidate]] | int = 0,
    reservations: Sequence[ReservationDocument] = (),
    decided: Sequence[LedgerDocument] = (),
    shards: Sequence[InventoryDocument] = (),
    code_values: Mapping[str, str] | None = None,
    known: frozenset[str] = frozenset({CAMPAIGN}),
    closed: frozenset[str] = frozenset(),
) -> Facts:
    """The facts of a batch; `stock` may be a number of `tm` codes."""
    held = {code_id: f"SECRET-{code_id[2:]}" for reservation in reservations for code_id in reservation.code_ids}
    return Facts(
        known_campaigns=known,
        closed_campaigns=closed,
        decided={entry.id: entry for entry in decided},
        reservations={reservation.id: reservation for reservation in reservations},
        code_values=held if code_values is None else code_values,
        candidates={TM: candidates(stock)} if isinstance(stock, int) else stock,
        shards={StockKey(shard.campaign_id, shard.code_type): shard for shard in shards},
    )


def a_state(of: Facts, *, now: datetime = NOW) -> WorkingState:
    """A batch's working state before its first request."""
    return WorkingState(of, shard="reserve.requests.v1.0", batch_id="reserve.requests.v1.0@0", now=now)


def a_plan(
    requests: Sequence[Asked[Request]],
    of: Facts,
    *,
    shard: str = "reserve.requests.v1.0",
    now: datetime = NOW,
) -> Plan:
    """The plan of a batch."""
    return plan_batch(requests, of, shard=shard, now=now)


def results(plan: Plan) -> list[Result]:
    """A plan's results, in the order of its requests."""
    return [answer.result for answer in plan.answers]


def a_result(**changes: object) -> Result:
    """`r-1` was reserved one code."""
    fields: dict[str, Any] = {
        "request_id": "r-1",
        "operation": "reserve",
        "outcome": "reserved",
        "campaign_id": CAMPAIGN,
        "fan_id": FAN,
        "code_type": "tm",
        "quantity": 1,
        "code_ids": ("c-1",),
        "reservation_id": "r-1",
        "expires_at": NOW + HOUR,
        "decided_at": NOW,
    }
    return Result(**(fields | changes))


def header(record: OutgoingRecord, name: str) -> bytes | None:
    """The one value of a header; None if it is not there."""
    values = [value for key, value in record.headers if key == name]
    assert len(values) <= 1, f"{name} is there more than once"
    return values[0] if values else None


def cloud_event(record: OutgoingRecord) -> dict[str, bytes | None]:
    """A record's headers as a CloudEvent, all but the id."""
    names = ("ce_specversion", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type")
    return {name: header(record, name) for name in names}


def body(record: OutgoingRecord) -> dict[str, Any]:
    """A record's JSON."""
    assert record.value is not None
    found = json.loads(record.value)
    assert isinstance(found, dict)
    return found
