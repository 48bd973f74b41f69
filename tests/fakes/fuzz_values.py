"""Generated requests and JSON values. Every string in them that is no word of the contract contains the canary.

Out: `good_fields`, a valid request; `any_value`, `any_text` and `raw_numbers`, which take the place of its values.
"""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.fakes.rejections import CANARY

CAMPAIGN: Final = f"{CANARY}-sale"
DEPTH_MAX: Final = 4
ODD: Final = ("", " ", "\n", "\x00", '"', "\\", "%s", "{}", "é", "\u2028", "\U0001f600", "x" * 200)
NUMBERS: Final[tuple[Any, ...]] = (
    *(0, 1, -1, 100, 101, 2**31, -(2**31), 2**53, 2**63, -(2**63) - 1, 2**64, 10**40),
    *(0.0, -0.0, 1.0, 1.5, 1e-300, 1e308, True, False, None),
)
RAW_NUMBERS: Final = (
    *("1" * 20, "1" * 400, "9" * 5_000, "1e400", "-1e400", "1E+99999", "1e-99999", "0." + "0" * 500 + "1"),
    *("01", "+1", "1.", ".5", "0x10", "1_000", "1,0", "-", "--1"),
)
"""As they stand in the text: Python would not write most of them."""


def any_text(random: Random) -> str:
    """The canary between odd characters."""
    return random.choice(ODD) + CANARY + random.choice(ODD)


def any_value(random: Random, depth: int = DEPTH_MAX) -> Any:  # JSON is anything
    """A value of any type, lists and objects among them."""
    make: Callable[[], Any] = random.choice(
        (
            lambda: any_text(random),
            lambda: random.choice(NUMBERS),
            lambda: [any_value(random, depth - 1) for _ in range(random.randrange(4))],
            lambda: {any_text(random): any_value(random, depth - 1) for _ in range(random.randrange(4))},
        )[: 4 if depth else 2]
    )
    return make()


def good_fields(random: Random, topic: str, number: int) -> dict[str, Any]:
    """A valid request of a topic, under an id of its own."""
    fields = {
        "request_id": f"{CANARY}-{number}",
        "campaign_id": random.choice((CAMPAIGN, f"{CANARY}-unknown")),
        "fan_id": f"{CANARY}-fan-{random.randrange(50)}",
    }
    return {**fields, **MORE[topic](random)}


def of_reserve(random: Random) -> Mapping[str, Any]:
    """Its own fields, each of them or not."""
    return some_of(random, {"quantity": random.choice((1, 2, 3)), "ttl_s": 600, "code_type": "tm"})


def of_assign(random: Random) -> Mapping[str, Any]:
    """Of a reservation, or from stock."""
    reservation = {"reservation_id": f"{CANARY}-{random.randrange(1_000)}"}
    return reservation if random.random() < 0.5 else some_of(random, {"quantity": 1, "code_type": "external"})


def of_release(random: Random) -> Mapping[str, Any]:
    """Of a reservation that there may be."""
    reservation = {"reservation_id": f"{CANARY}-{random.randrange(1_000)}"}
    return {**reservation, **some_of(random, {"reason": random.choice(("unused", "cancelled"))})}


def some_of(random: Random, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Each field or not."""
    return {name: value for name, value in fields.items() if random.random() < 0.5}


MORE: Final[Mapping[str, Callable[[Random], Mapping[str, Any]]]] = {
    RESERVE.name: of_reserve,
    ASSIGN.name: of_assign,
    RELEASE.name: of_release,
}


def text_of(fields: Any, random: Random) -> bytes:  # JSON is anything
    """JSON as one of the usual libraries writes it."""
    separators = random.choice(((",", ":"), (", ", ": ")))
    return json.dumps(fields, ensure_ascii=random.random() < 0.5, separators=separators).encode()
