"""The records that the demo's upstream program sends: all kinds of requests, and malformed records.

In:       a random generator, the number of requests; for the second wave, the reservations that the first one made.
Out:      records to send, each with the id under which it must be answered.
Promise:  the same seed and the same answers give the same records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson

from schemas.records import Headers
from schemas.requests import (
    AssignFromStock,
    AssignReservation,
    ReleaseRequest,
    Request,
    ReserveRequest,
)
from schemas.topics import ASSIGN, OPERATIONS, RELEASE, RESERVE

SPRING: Final = "demo-spring"
VIP: Final = "demo-vip"
NOWHERE: Final = "demo-nowhere"
SHORT: Final = "short-"
"""Id prefix of reservations that are left to expire."""
SHORT_TTL_S: Final = 3
QUANTITIES: Final = (1, 1, 1, 1, 2, 2, 4)
TOPIC_OF: Final = {operation: topic for topic, operation in OPERATIONS.items()}
TOO_LONG_BYTES: Final = 1_000_000
FIRST_WAVE_SHARES: Final = {"reserve": 30, "short": 6, "stock": 8, "vip": 5, "nowhere": 1, "malformed": 1}
"""Per cent of all requests. The second wave follows up on their results; repeats make up the rest."""
THIEF: Final = "demo-thief"
STOLEN_PER_CENT: Final = 10
ASSIGNED_PER_CENT: Final = 55
ASSIGNED_AGAIN_PER_CENT: Final = 10
RELEASED_PER_CENT: Final = 55
"""Of the reservations that are not assigned; the rest stay held."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    topic: str
    """Name without the prefix."""
    key: bytes | None
    value: bytes | None
    request_id: str | None
    """The id of its result; None: it can only become a dead letter."""
    headers: Headers = ()
    is_malformed: bool = False


def first_wave(chance: Random, requests: int) -> list[RequestRecord]:
    """Requests that do not depend on earlier results."""
    counts = {name: max(1, requests * per_cent // 100) for name, per_cent in FIRST_WAVE_SHARES.items()}
    records = [
        *(as_record(reserve(chance, f"r-{number}")) for number in range(counts["reserve"])),
        *(as_record(reserve(chance, f"{SHORT}{number}", ttl_s=SHORT_TTL_S)) for number in range(counts["short"])),
        *(as_record(assign_from_stock(chance, f"s-{number}")) for number in range(counts["stock"])),
        *(as_record(reserve(chance, f"vip-{number}", campaign_id=VIP)) for number in range(counts["vip"])),
        *(
            as_record(reserve(chance, f"nowhere-{number}", campaign_id=NOWHERE))
            for number in range(counts["nowhere"])
        ),
        *malformed(chance, counts["malformed"]),
    ]
    chance.shuffle(records)
    return records


def second_wave(
    chance: Random, first: Sequence[RequestRecord], reserved: Iterable[Fields], requests: int
) -> list[RequestRecord]:
    """Follow-up requests: most assign their reservation, some release it, some try another fan's.

    Repeats of the first wave fill up both waves to `requests`.
    """
    records: list[RequestRecord] = []
    for number, result in enumerate(result for result in reserved if not result["request_id"].startswith(SHORT)):
        records += [as_record(request) for request in follow_ups(chance, number, result)]
    records += [as_record(release_of_unknown(number)) for number in range(max(1, requests // 200))]
    records += [
        as_record(reused(chance, record))
        for record in chance.sample(first, max(1, requests // 100))
        if is_reserve(record)
    ]
    records += chance.choices(
        [record for record in first if not record.is_malformed], k=max(1, requests - len(first) - len(records))
    )
    chance.shuffle(records)
    return records


def too_late(expired: Iterable[Fields]) -> list[RequestRecord]:
    """Assigns of expired reservations."""
    return [
        as_record(assign(f"late-{number}", result, str(result["fan_id"]))) for number, result in enumerate(expired)
    ]


def follow_ups(chance: Random, number: int, result: Fields) -> Iterator[Request]:
    holder = str(result["fan_id"])
    if by_chance(chance, STOLEN_PER_CENT):
        yield assign(f"stolen-{number}", result, THIEF)
    if by_chance(chance, ASSIGNED_PER_CENT):
        yield assign(f"a-{number}", result, holder)
        if by_chance(chance, ASSIGNED_AGAIN_PER_CENT):
            yield assign(f"again-{number}", result, holder)
    elif by_chance(chance, RELEASED_PER_CENT):
        yield release(f"b-{number}", result, chance.choice((holder, None)))


def by_chance(chance: Random, per_cent: int) -> bool:
    return chance.randrange(100) < per_cent


def reserve(chance: Random, request_id: str, **fields: Any) -> ReserveRequest:  # noqa: ANN401  # any field's value
    default = {
        "request_id": request_id,
        "campaign_id": SPRING,
        "fan_id": random_fan(chance),
        "quantity": random_quantity(chance),
    }
    return ReserveRequest.model_validate(default | fields)


def assign_from_stock(chance: Random, request_id: str) -> AssignFromStock:
    return AssignFromStock(
        request_id=request_id,
        campaign_id=SPRING,
        fan_id=random_fan(chance),
        quantity=random_quantity(chance),
        code_type=chance.choice(("tm", "tm", "tm", "external")),
    )


def assign(request_id: str, result: Fields, fan_id: str) -> AssignReservation:
    return AssignReservation(
        request_id=request_id,
        campaign_id=result["campaign_id"],
        fan_id=fan_id,
        reservation_id=result["reservation_id"],
    )


def release(request_id: str, result: Fields, fan_id: str | None) -> ReleaseRequest:
    return ReleaseRequest(
        request_id=request_id,
        campaign_id=result["campaign_id"],
        reservation_id=result["reservation_id"],
        fan_id=fan_id,
    )


def release_of_unknown(number: int) -> ReleaseRequest:
    """A release of a reservation that does not exist."""
    return ReleaseRequest(request_id=f"never-{number}", campaign_id=SPRING, reservation_id=f"no-such-{number}")


def reused(chance: Random, first: RequestRecord) -> ReserveRequest:
    """Another request under an id that is already used."""
    return reserve(chance, str(first.request_id), quantity=7)


def is_reserve(record: RequestRecord) -> bool:
    return record.topic == RESERVE.name and not record.is_malformed


def random_fan(chance: Random) -> str:
    return f"fan-{chance.randrange(10_000):04d}"


def random_quantity(chance: Random) -> int:
    return chance.choice(QUANTITIES)


def as_record(request: Request) -> RequestRecord:
    """The request as a record, with the fan as key."""
    key = request.fan_id or request.request_id
    return RequestRecord(TOPIC_OF[request.operation], key.encode(), request.to_json(), request.request_id)


def malformed(chance: Random, count: int) -> Iterator[RequestRecord]:
    """Unreadable records of every kind."""
    for number in range(count):
        bad = f"bad-{number}"
        good = {"request_id": bad, "campaign_id": SPRING, "fan_id": "fan-0000"}
        ways: list[tuple[bytes | None, str | None, bytes | None, Headers]] = [
            (b"not json at all", None, b"k", ()),
            (b"", None, b"k", ()),
            (None, None, b"tombstone", ()),
            (b'"a string"', None, b"k", ()),
            (orjson.dumps({**good, "quantity": 0}), bad, b"k", ()),
            (orjson.dumps({**good, "quantity": "2"}), bad, b"k", ()),
            (orjson.dumps({**good, "fan_id": "not an id"}), bad, b"k", ()),
            (orjson.dumps({**good, "request_id": "not an id"}), None, b"k", ()),
            (orjson.dumps({"request_id": bad}), bad, b"k", ()),
            (orjson.dumps({**good, "note": "x" * TOO_LONG_BYTES}), bad, b"k", ()),
            (orjson.dumps({**good, "fan_id": "caf"}).replace(b"caf", b"caf\xe9"), None, b"k", ()),
            (orjson.dumps(good), bad, b"k" * 10_000, ()),
            (orjson.dumps(good), bad, b"k", (("note", b"\xff\xfe"),)),
        ]
        value, request_id, key, headers = ways[number % len(ways)]
        topic = RELEASE.name if request_id is None else chance.choice((RESERVE.name, ASSIGN.name))
        yield RequestRecord(topic, key, value, request_id, headers, is_malformed=True)
