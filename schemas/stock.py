"""A campaign's counts as the inventory view keeps them: every shard's last word, and what was said of the stock.

Out: `CampaignStock`, the value of the view's changelog topic, and the name of that topic.
"""

from typing import Final, Literal

from schemas.base import CodeType, Id, Instant, Model
from schemas.groups import INVENTORY_GROUP

"""Of the view's consumer group, behind the group prefix; also the id of its Faust application."""
TABLE: Final = "campaigns"

Standing = Literal["enough", "low", "exhausted"]
"""What was last said of a stock: a recovered one is `enough`."""


def changelog_topic(group_prefix: str) -> str:
    """Where Faust keeps the table."""
    return f"{group_prefix}{INVENTORY_GROUP}-{TABLE}-changelog"


class ShardCounts(Model):
    """The last that a shard said."""

    version: int
    available: int
    reserved: int
    assigned: int


class TypeStock(Model):
    """A campaign's codes of one type."""

    shards: dict[str, ShardCounts]
    standing: Standing = "enough"


class CampaignStock(Model):
    """All that is known of a campaign's counts."""

    campaign_id: Id
    types: dict[CodeType, TypeStock]
    changed_at: Instant
    """The latest instant that a shard named."""
