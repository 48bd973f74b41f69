"""What clients ask for in one run: the requests as records, in the order in which they are sent.

In:       a `Load`: kind, how many, how many partitions, which campaigns.
Out:      its records; the reserves that must be served before; the size of the stock that it takes.
Promise:  pure. The same load gives the same records, so the process of the limit can prepare their results.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from schemas.topics import ASSIGN, RELEASE, RESERVE

CAMPAIGN: Final = "bench"


class Kind(StrEnum):
    """The kinds of requests in a load."""

    RESERVE = "reserve"
    ASSIGN = "assign"
    RELEASE = "release"
    MIX = "mix"


class Step(NamedTuple):
    """One place in a cycle of requests."""

    kind: Kind
    is_repeat: bool = False
    """The first request of this cycle, sent again."""


RESERVES, ASSIGNS, RELEASES = Step(Kind.RESERVE), Step(Kind.ASSIGN), Step(Kind.RELEASE)
CYCLES: Final = {
    Kind.RESERVE: (RESERVES,),
    Kind.ASSIGN: (ASSIGNS,),
    Kind.RELEASE: (RELEASES,),
    # Half of them reserves, three tenths assigns, one tenth releases, one tenth repeats.
    Kind.MIX: (
        *(RESERVES, ASSIGNS, RESERVES, RELEASES, RESERVES),
        *(ASSIGNS, RESERVES, ASSIGNS, RESERVES, Step(Kind.RESERVE, is_repeat=True)),
    ),
}
TOPICS: Final = {Kind.RESERVE: RESERVE.name, Kind.ASSIGN: ASSIGN.name, Kind.RELEASE: RELEASE.name}


@dataclass(frozen=True, slots=True)
class Load:
    """The requests of one run."""

    kind: Kind
    tag: str
    """Prefix of all ids of this load; another load has another tag."""
    count: int
    partitions: int
    campaigns: tuple[str, ...] = (CAMPAIGN,)
    quantity: int = 1
    """Codes of each reserve."""


class Record(NamedTuple):
    """One request as it is sent."""

    topic: str
    """Without the prefix."""
    partition: int
    kind: Kind
    request_id: str
    campaign_id: str
    fan_id: str
    reservation_id: str
    """The reservation that it makes or moves."""
    is_repeat: bool
    value: bytes


def records(load: Load) -> Iterator[Record]:
    """All records. A cycle's records have the same partition number, so that a repeat follows its original."""
    cycle = CYCLES[load.kind]
    held = 0
    for number in range(load.count):
        turn, place = divmod(number, len(cycle))
        step = cycle[place]
        if step.kind is Kind.RESERVE:
            original = turn * len(cycle) if step.is_repeat else number
            yield reserve(load, original, turn, is_repeat=step.is_repeat)
        else:
            yield move(load, step.kind, held, number, turn)
            held += 1


def reserve(load: Load, number: int, turn: int, *, is_repeat: bool) -> Record:
    """A fan's first request."""
    name, campaign_id = f"{load.tag}-{number}", load.campaigns[number % len(load.campaigns)]
    content: dict[str, Any] = {"request_id": name, "campaign_id": campaign_id, "fan_id": fan_of(name)}
    content |= {"quantity": load.quantity} if load.quantity > 1 else {}
    return record(load, Kind.RESERVE, turn, content, reservation_id=name, is_repeat=is_repeat)


def move(load: Load, kind: Kind, held: int, number: int, turn: int) -> Record:
    """The end of a reservation that the load before has made."""
    name, campaign_id = f"{held_tag(load)}-{held}", load.campaigns[held % len(load.campaigns)]
    content = {
        "request_id": f"{load.tag}-{number}",
        "campaign_id": campaign_id,
        "fan_id": fan_of(name),
        "reservation_id": name,
    }
    return record(load, kind, turn, content, reservation_id=name)


def record(
    load: Load, kind: Kind, turn: int, content: dict[str, Any], *, reservation_id: str, is_repeat: bool = False
) -> Record:
    """A request on its topic."""
    return Record(
        topic=TOPICS[kind],
        partition=turn % load.partitions,
        kind=kind,
        request_id=content["request_id"],
        campaign_id=content["campaign_id"],
        fan_id=content["fan_id"],
        reservation_id=reservation_id,
        is_repeat=is_repeat,
        value=orjson.dumps(content),
    )


def fan_of(reservation_id: str) -> str:
    """The fan of a reservation."""
    return f"fan-{reservation_id}"


def held_tag(load: Load) -> str:
    """The tag of the reservations that a load moves."""
    return f"{load.tag}-held"


def before(load: Load) -> Load | None:
    """The reserves that must be served before; None if the load moves no reservations."""
    moves = count_of(load, lambda step: step.kind is not Kind.RESERVE)
    return replace(load, kind=Kind.RESERVE, tag=held_tag(load), count=moves) if moves else None


def codes_taken(load: Load) -> int:
    """Codes that it takes from the stock."""
    return load.quantity * count_of(load, lambda step: step == RESERVES)


def count_of(load: Load, wanted: Callable[[Step], bool]) -> int:
    """How many of its records are of some steps."""
    cycle = CYCLES[load.kind]
    turns, rest = divmod(load.count, len(cycle))
    return turns * sum(map(wanted, cycle)) + sum(map(wanted, cycle[:rest]))
