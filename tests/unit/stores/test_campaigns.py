"""Which campaigns exist: a known one is never taken for unknown."""

from typing import Any, cast

import pytest

from stores.mongo import campaigns as module
from stores.mongo.campaigns import FRESH_S, Campaigns, Figures, Known, summed
from stores.mongo.collections import Collections
from stores.mongo.walk import Part, Walked
from tests.fakes.builders import EXTERNAL, TM
from tests.fakes.time import run


class Cursor:
    """What a find gave."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = documents

    async def to_list(self, _: None) -> list[dict[str, Any]]:
        """All of it."""
        return self.documents


class Inventory:
    """Only the inventory, and what was asked of it."""

    def __init__(self, *shards: dict[str, Any]) -> None:
        self.shards = list(shards)
        self.closed: set[str] = set()
        self.asked: list[set[str]] = []

    @property
    def inventory(self) -> "Inventory":
        """Itself."""
        return self

    @property
    def campaigns(self) -> "Inventory":
        """The campaigns' documents; the closed ones are asked for."""
        return self

    def find(self, wanted: dict[str, Any], fields: dict[str, int]) -> Cursor:
        """See motor."""
        if "closed_at" in wanted:
            return Cursor([{"_id": name} for name in wanted["_id"]["$in"] if name in self.closed])
        ids = set(wanted["campaign_id"]["$in"])
        self.asked.append(ids)
        return Cursor([shard for shard in self.shards if shard["campaign_id"] in ids])


def a_shard(campaign_id: str = "summer", available: int = 5, code_type: str = "tm") -> dict[str, Any]:
    """What is read of one."""
    return {"campaign_id": campaign_id, "code_type": code_type, "available": available}


def knowing(inventory: Inventory) -> Campaigns:
    """What is known of campaigns, from this inventory."""
    return Campaigns(cast("Collections", inventory))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds, in a list of one."""
    now = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_a_campaign_is_known_once_an_import_has_written_to_it(now: list[float]) -> None:
    """At once: what is not known is looked for every time."""
    inventory = Inventory()
    campaigns = knowing(inventory)
    assert frozenset() == run(campaigns.known(["summer"])).campaigns

    inventory.shards.append(a_shard())

    assert frozenset({"summer"}) == run(campaigns.known(["summer", "winter"])).campaigns


def test_what_is_fresh_is_not_looked_for(now: list[float]) -> None:
    """For a second."""
    inventory = Inventory(a_shard())
    campaigns = knowing(inventory)
    run(campaigns.known(["summer"]))
    run(campaigns.known(["summer"]))
    assert 1 == len(inventory.asked)

    now[0] += FRESH_S
    run(campaigns.known(["summer"]))

    assert 2 == len(inventory.asked)


def test_the_stock_is_the_sum_of_the_shards(now: list[float]) -> None:
    """By kind; a taken code is still in the campaign."""
    campaigns = knowing(
        Inventory(
            a_shard(available=100),
            {**a_shard(available=-30), "reserved": 20, "assigned": 10},
            a_shard(available=1, code_type="external"),
        )
    )
    assert Figures() == campaigns.figures(TM)

    run(campaigns.known(["summer"]))

    assert (100, 101) == (campaigns.figures(TM).total, campaigns.figures(TM).in_campaign)
    assert (1, 101) == (campaigns.figures(EXTERNAL).total, campaigns.figures(EXTERNAL).in_campaign)


def test_what_all_partitions_have_walked_is_known(now: list[float]) -> None:
    """Where the others are, nobody begins; what is no list of numbers was edited by hand, and is nothing."""
    shards = [
        {**a_shard(), "shard": "own", "walked": [0, 5]},
        {**a_shard(), "shard": "other", "walked": [5, 7, 20, 30]},
        {**a_shard(), "shard": "edited", "walked": "all"},
    ]
    campaigns = knowing(Inventory(*shards))

    run(campaigns.known(["summer"]))

    assert Walked([Part(0, 5), Part(5, 7), Part(20, 30)], frozenset({30})) == campaigns.figures(TM).walked("own")


def test_a_shard_without_a_campaign_of_its_own_adds_nothing() -> None:
    """`$in` finds an array that has the wanted id, and an array is no key of a dictionary."""
    assert {} == summed([{"campaign_id": ["summer"], "code_type": "tm", "available": 3}])


def test_forgetting_does_not_make_a_campaign_unknown(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is full, and one batch names a remembered campaign and a new one: both exist."""
    monkeypatch.setattr(module, "CAMPAIGNS_MAX", 1)
    campaigns = knowing(Inventory(a_shard("a"), a_shard("b"), a_shard("c")))
    run(campaigns.known(["a", "b"]))

    assert frozenset({"a", "c"}) == run(campaigns.known(["a", "c"])).campaigns


def test_nothing_is_the_sum_of_nothing() -> None:
    """No shards, no campaigns."""
    assert {} == summed([])


def test_a_closed_campaign_is_known_with_and_without_shards(now: list[float]) -> None:
    """An archived one has none; what proved stale is looked for again."""
    inventory = Inventory(a_shard("a"), a_shard("b"))
    inventory.closed = {"a", "archived"}
    campaigns = knowing(inventory)
    everything = ["a", "b", "archived", "unknown"]
    found = Known(frozenset({"a", "b", "archived"}), frozenset({"a", "archived"}))
    assert found == run(campaigns.known(everything))

    inventory.closed = {"archived"}
    assert found.closed == run(campaigns.known(["a", "b", "archived"])).closed
    campaigns.forget(["a", "never seen"])

    assert frozenset({"archived"}) == run(campaigns.known(everything)).closed
