"""A changelog in which an older value follows a newer one: nothing that it said is forgotten."""

import pytest

from handlers.inventory.changelog import Overwritten, rebuilt, restored
from schemas.stock import HOURS_SUFFIX, CampaignStock, ShardCounts, Standing, TypeStock
from tests.fakes.builders import NOW

KEY = b"sale"


def stock(standing: Standing = "enough", **versions: int) -> CampaignStock:
    """A campaign with these versions of its shards."""
    shards = {
        name: ShardCounts(version=version, available=version, reserved=0, assigned=0)
        for name, version in versions.items()
    }
    return CampaignStock(
        campaign_id="sale", types={"tm": TypeStock(shards=shards, standing=standing)}, changed_at=NOW
    )


def read(*stocks: CampaignStock | None) -> Overwritten:
    """What is known after these records."""
    overwritten = Overwritten()
    for offset, found in enumerate(stocks):
        overwritten.take((3, KEY), offset, found)
    return overwritten


NEW = stock("low", a=2, b=5)
OLD = stock("enough", a=1, b=5)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (OLD, NEW),
        (stock("exhausted", a=2, b=6), stock("exhausted", a=2, b=6)),
        (stock("exhausted", a=1, b=6), stock("exhausted", a=2, b=6)),
        (stock("enough", a=2, b=5), stock("enough", a=2, b=5)),
    ],
)
def test_a_table_is_rebuilt_from_the_newest_shards(later: CampaignStock, expected: CampaignStock) -> None:
    """The standing is that of the later record, unless it has no newer shard and lacks one."""
    assert expected == CampaignStock.model_validate_json(rebuilt(KEY, NEW.to_json(), later.to_json()))


def test_hours_and_unreadable_values_are_replaced() -> None:
    """They have no versions."""
    assert b"later" == rebuilt(KEY + HOURS_SUFFIX, NEW.to_json(), b"later")
    assert b"later" == rebuilt(KEY, b"earlier", b"later")
    assert b"later" == rebuilt(KEY, None, b"later")


def test_a_campaign_lacks_something_while_an_older_value_is_the_last_one() -> None:
    """Until its owner has written again."""
    overwritten = read(OLD, NEW, OLD)
    before = dict(overwritten.lacking)
    overwritten.take((3, KEY), 3, NEW)

    assert ({(3, KEY): stock("enough", a=2, b=5)}, {}) == (before, overwritten.lacking)


def test_each_partition_has_an_order_of_its_own() -> None:
    """When partitions are added, a campaign may be counted anew in another one."""
    overwritten = read(OLD, NEW)
    overwritten.take((2, KEY), 0, OLD)

    assert {} == overwritten.lacking


@pytest.mark.parametrize("records", [(OLD, NEW), (NEW, None), (NEW, None, OLD), (NEW, NEW)])
def test_a_changelog_in_order_lacks_nothing(records: tuple[CampaignStock | None, ...]) -> None:
    """Behind a tombstone a campaign begins anew."""
    assert {} == read(*records).lacking


def test_records_that_are_read_again_change_nothing() -> None:
    """After an outage the view reads the changelog from its beginning."""
    overwritten = read(OLD, NEW)
    overwritten.take((3, KEY), 0, OLD)

    assert {} == overwritten.lacking


def test_an_owner_writes_again_what_lacks_nothing() -> None:
    """A table that is behind itself would overwrite newer counts."""
    [lacking] = read(NEW, OLD).lacking.values()
    newer = stock(a=3, b=5).to_json()

    assert [newer, None, None, None] == [restored(value, lacking) for value in (newer, OLD.to_json(), b"{", None)]
