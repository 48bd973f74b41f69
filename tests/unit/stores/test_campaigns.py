"""Which campaigns exist: a known one is never taken for unknown."""

from typing import Any, cast

import pytest

from stores.mongo import campaigns as module
from stores.mongo.campaigns import FRESH_S, Campaigns, summed
from stores.mongo.collections import Collections
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
        self.asked: list[set[str]] = []

    @property
    def inventory(self) -> "Inventory":
        """Itself."""
        return self

    def find(self, wanted: dict[str, Any], fields: dict[str, int]) -> Cursor:
        """See motor."""
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
    assert frozenset() == run(campaigns.known(["summer"]))

    inventory.shards.append(a_shard())

    assert frozenset({"summer"}) == run(campaigns.known(["summer", "winter"]))


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
    """By kind; a hint, and never less than nothing."""
    campaigns = knowing(
        Inventory(a_shard(available=100), a_shard(available=-30), a_shard(available=-1, code_type="external"))
    )
    assert 0 == campaigns.available(TM)

    run(campaigns.known(["summer"]))

    assert (70, 0) == (campaigns.available(TM), campaigns.available(EXTERNAL))


def test_a_shard_without_a_campaign_of_its_own_adds_nothing() -> None:
    """`$in` finds an array that has the wanted id, and an array is no key of a dictionary."""
    assert {} == summed([{"campaign_id": ["summer"], "code_type": "tm", "available": 3}])


def test_forgetting_does_not_make_a_campaign_unknown(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is full, and one batch names a remembered campaign and a new one: both exist."""
    monkeypatch.setattr(module, "CAMPAIGNS_MAX", 1)
    campaigns = knowing(Inventory(a_shard("a"), a_shard("b"), a_shard("c")))
    run(campaigns.known(["a", "b"]))

    assert frozenset({"a", "c"}) == run(campaigns.known(["a", "c"]))


def test_nothing_is_the_sum_of_nothing() -> None:
    """No shards, no campaigns."""
    assert {} == summed([])
