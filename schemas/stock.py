"""A campaign's counts as the inventory view stores them: each shard's latest totals, and the last reported standing.

Out: `CampaignStock` and `CampaignHours`, the values of the view's changelog topic, and the name of that topic.
"""

from typing import Final, Literal

from schemas.base import CodeType, Id, Instant, Model
from schemas.groups import INVENTORY_GROUP

TABLE: Final = "campaigns"
HOURS_SUFFIX: Final = b"#hours"
"""Ends the key of a campaign's `CampaignHours`. That of its `CampaignStock` is its id, which never has this sign."""

Standing = Literal["enough", "low", "exhausted"]
"""The last reported standing of a stock; `enough` after a recovery."""


def changelog_topic(group_prefix: str) -> str:
    """Full name of the topic in which Faust stores the table."""
    return f"{group_prefix}{INVENTORY_GROUP}-{TABLE}-changelog"


class ShardCounts(Model):
    """A shard's latest totals."""

    version: int
    available: int
    reserved: int
    assigned: int


class TypeStock(Model):
    """A campaign's codes of one type."""

    shards: dict[str, ShardCounts]
    standing: Standing = "enough"


class CampaignStock(Model):
    """A campaign's counts, by code type and shard."""

    campaign_id: Id
    types: dict[CodeType, TypeStock]
    changed_at: Instant
    """The latest `changed_at` of any shard."""


class CampaignHours(Model):
    """A campaign's counts at its last change in each past hour in which it changed."""

    campaign_id: Id
    types: dict[CodeType, tuple[tuple[int, int, int, int], ...]]
    """Earliest first: seconds since 1970, then codes available, reserved and assigned."""
