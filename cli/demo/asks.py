"""What the demo's upstream program asks for: fans in all their variety, and records that no program should send.

In:       a source of chance, how many; later, which reservations came of it.
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
"""Begins the ids of reservations that nobody takes in time."""
SHORT_TTL_S: Final = 3
QUANTITIES: Final = (1, 1, 1, 1, 2, 2, 4)
TOPIC_OF: Final = {operation: topic for topic, operation in OPERATIONS.items()}
TOO_LONG_BYTES: Final = 1_000_000
FIRST_WAVE_SHARES: Final = {"reserve": 30, "short": 6, "stock": 8, "vip": 5, "nowhere": 1, "malformed": 1}
"""Per cent of all requests. The second wave answers what came of these; repeats fill up."""
THIEF: Final = "demo-thief"
STOLEN_PER_CENT: Final = 10
TAKEN_PER_CENT: Final = 55
TAKEN_TWICE_PER_CENT: Final = 10
GIVEN_BACK_PER_CENT: Final = 55
"""Of those that are not taken; the rest stays held."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One record for a request topic."""

    topic: str
    """Without the prefix."""
    key: bytes | None
    value: bytes | None
    request_id: str | None
    """Under which it must be answered; None: only a dead letter can."""
    headers: Headers = ()
    is_malformed: bool = False


def first_wave(chance: Random, requests: int) -> list[Ask]:
    """What fans ask for out of the blue."""
    of = {name: max(1, requests * per_cent // 100) for name, per_cent in FIRST_WAVE_SHARES.items()}
    asks = [
        *(ask(a_reserve(chance, f"r-{number}")) for number in range(of["reserve"])),
        *(ask(a_reserve(chance, f"{SHORT}{number}", ttl_s=SHORT_TTL_S)) for number in range(of["short"])),
        *(ask(from_stock(chance, f"s-{number}")) for number in range(of["stock"])),
        *(ask(a_reserve(chance, f"vip-{number}", campaign_id=VIP)) for number in range(of["vip"])),
        *(ask(a_reserve(chance, f"nowhere-{number}", campaign_id=NOWHERE)) for number in range(of["nowhere"])),
        *malformed(chance, of["malformed"]),
    ]
    chance.shuffle(asks)
    return asks


def second_wave(chance: Random, first: Sequence[Ask], reserved: Iterable[Fields], requests: int) -> list[Ask]:
    """What fans do with what they got: most take it, some give it back, some try what is not theirs.

    Repeats of the first wave fill it up to `requests`, all waves together.
    """
    asks: list[Ask] = []
    for number, result in enumerate(one for one in reserved if not one["request_id"].startswith(SHORT)):
        asks += [ask(request) for request in of_reservation(chance, number, result)]
    asks += [ask(never_made(number)) for number in range(max(1, requests // 200))]
    asks += [ask(reused(chance, one)) for one in chance.sample(first, max(1, requests // 100)) if is_reserve(one)]
    asks += chance.choices(
        [one for one in first if not one.is_malformed], k=max(1, requests - len(first) - len(asks))
    )
    chance.shuffle(asks)
    return asks


def too_late(expired: Iterable[Fields]) -> list[Ask]:
    """Fans who come when their time is over."""
    return [ask(taken(f"late-{number}", result, str(result["fan_id"]))) for number, result in enumerate(expired)]


def of_reservation(chance: Random, number: int, result: Fields) -> Iterator[Request]:
    """What becomes of one reservation."""
    holder = str(result["fan_id"])
    if happens(chance, STOLEN_PER_CENT):
        yield taken(f"stolen-{number}", result, THIEF)
    if happens(chance, TAKEN_PER_CENT):
        yield taken(f"a-{number}", result, holder)
        if happens(chance, TAKEN_TWICE_PER_CENT):
            yield taken(f"again-{number}", result, holder)
    elif happens(chance, GIVEN_BACK_PER_CENT):
        yield given_back(f"b-{number}", result, chance.choice((holder, None)))


def happens(chance: Random, per_cent: int) -> bool:
    """In so many of a hundred cases."""
    return chance.randrange(100) < per_cent


def a_reserve(chance: Random, request_id: str, **fields: Any) -> ReserveRequest:  # noqa: ANN401  # any field's value
    """A fan who wants one code or a few."""
    usual = {"request_id": request_id, "campaign_id": SPRING, "fan_id": fan(chance), "quantity": some(chance)}
    return ReserveRequest.model_validate(usual | fields)


def from_stock(chance: Random, request_id: str) -> AssignFromStock:
    """A fan who is given codes at once."""
    return AssignFromStock(
        request_id=request_id,
        campaign_id=SPRING,
        fan_id=fan(chance),
        quantity=some(chance),
        code_type=chance.choice(("tm", "tm", "tm", "external")),
    )


def taken(request_id: str, result: Fields, fan_id: str) -> AssignReservation:
    """A fan who wants a reservation's codes for good."""
    return AssignReservation(
        request_id=request_id,
        campaign_id=result["campaign_id"],
        fan_id=fan_id,
        reservation_id=result["reservation_id"],
    )


def given_back(request_id: str, result: Fields, fan_id: str | None) -> ReleaseRequest:
    """A fan who does not need them."""
    return ReleaseRequest(
        request_id=request_id,
        campaign_id=result["campaign_id"],
        reservation_id=result["reservation_id"],
        fan_id=fan_id,
    )


def never_made(number: int) -> ReleaseRequest:
    """A release of a reservation that does not exist."""
    return ReleaseRequest(request_id=f"never-{number}", campaign_id=SPRING, reservation_id=f"no-such-{number}")


def reused(chance: Random, first: Ask) -> ReserveRequest:
    """Another request under an id that is taken."""
    return a_reserve(chance, str(first.request_id), quantity=7)


def is_reserve(one: Ask) -> bool:
    """Whether it is a readable reserve."""
    return one.topic == RESERVE.name and not one.is_malformed


def fan(chance: Random) -> str:
    """One of many fans."""
    return f"fan-{chance.randrange(10_000):04d}"


def some(chance: Random) -> int:
    """How many codes a fan wants."""
    return chance.choice(QUANTITIES)


def ask(request: Request) -> Ask:
    """A request as a record under its fan's id."""
    key = request.fan_id or request.request_id
    return Ask(TOPIC_OF[request.operation], key.encode(), request.to_json(), request.request_id)


def malformed(chance: Random, count: int) -> Iterator[Ask]:
    """Records that cannot be read, each in its own way."""
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
        yield Ask(topic, key, value, request_id, headers, is_malformed=True)
