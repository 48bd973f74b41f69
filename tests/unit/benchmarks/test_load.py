"""The requests of a load: shares, order, and what must be served before."""

from collections import Counter

import orjson
import pytest
from pydantic import BaseModel

from benchmarks.load import Kind, Load, before, codes_taken, records
from schemas.requests import AssignReservation, ReleaseRequest, ReserveRequest

MIX = Load(Kind.MIX, "r0", 1_000, 4)


def test_a_mix_has_the_shares_that_it_promises() -> None:
    """Half reserves, three tenths assigns, a tenth releases, a tenth repeats."""
    found = Counter((record.kind, record.is_repeat) for record in records(MIX))

    expected = {
        (Kind.RESERVE, False): 500,
        (Kind.ASSIGN, False): 300,
        (Kind.RELEASE, False): 100,
        (Kind.RESERVE, True): 100,
    }
    assert expected == found


def test_a_repeat_follows_its_original_in_the_same_partition() -> None:
    """The same bytes: otherwise it would be another request under a used id."""
    seen: dict[str, tuple[str, int, bytes]] = {}
    for record in records(MIX):
        if record.is_repeat:
            assert seen[record.request_id] == (record.topic, record.partition, record.value)
        seen[record.request_id] = (record.topic, record.partition, record.value)


@pytest.mark.parametrize("kind", [Kind.ASSIGN, Kind.RELEASE, Kind.MIX])
def test_each_move_ends_a_reservation_of_its_own_that_was_made_before(kind: Kind) -> None:
    """The reserves before give it, for the same fan and campaign."""
    load = Load(kind, "r0", 100, 4, ("spring", "summer"))
    held = before(load)
    assert held is not None

    made = [(r.reservation_id, r.fan_id, r.campaign_id) for r in records(held)]
    moves = [record for record in records(load) if record.kind is not Kind.RESERVE]
    ended = [(record.reservation_id, record.campaign_id) for record in moves]
    assert [(name, campaign) for name, _, campaign in made] == ended
    assert [fan for _, fan, _ in made] == [orjson.loads(record.value)["fan_id"] for record in moves]


def test_reserves_need_nothing_before() -> None:
    """Their codes come from the stock."""
    assert None is before(Load(Kind.RESERVE, "r0", 10, 1))


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(Kind.RESERVE, "r0", 7, 2), 7),
        (Load(Kind.RESERVE, "r0", 7, 2, quantity=100), 700),
        (Load(Kind.RELEASE, "r0", 7, 2), 0),
        (MIX, 500),
        (Load(Kind.MIX, "r0", 13, 2), 7),
    ],
)
def test_the_stock_that_a_load_takes_is_known(load: Load, expected: int) -> None:
    """A repeat takes nothing; a part of a cycle takes its part."""
    assert expected == codes_taken(load)


def test_every_request_is_readable() -> None:
    """It is what the wire contract says."""
    models: dict[Kind, type[BaseModel]] = {
        Kind.RESERVE: ReserveRequest,
        Kind.ASSIGN: AssignReservation,
        Kind.RELEASE: ReleaseRequest,
    }
    for record in records(MIX):
        assert record.request_id == models[record.kind].model_validate_json(record.value).model_dump()["request_id"]


def test_many_campaigns_share_the_requests() -> None:
    """Evenly."""
    load = Load(Kind.RESERVE, "r0", 100, 4, tuple(f"c-{number}" for number in range(10)))

    assert {10} == set(Counter(record.campaign_id for record in records(load)).values())
