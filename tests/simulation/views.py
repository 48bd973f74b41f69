"""The inventory views of a history: the role without its HTTP side, and what each of them shows.

In:       a process's context; the changelog of the table that all of them count in.
Out:      `Views`, by the name of the process.
Promise:  what is shown is read from the role's own view, as its HTTP API reads it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from consumers.inventory.role import InventoryRole
from handlers.inventory.alerts import StockLimits
from handlers.inventory.counts import counts_by_type
from roles.process import RoleContext
from schemas.stock import CampaignStock, changelog_topic
from tests.simulation.kafka import reading
from tests.simulation.kafka.cluster import Cluster

TABLE: Final = "table"
"""Among the names of views: the last value of each campaign in the changelog."""

Shown = Counter[tuple[str, str, str]]
"""Codes by campaign, code type and status."""


@dataclass(eq=False, slots=True)
class Views:
    """Lives as long as its history."""

    _roles: dict[str, InventoryRole] = field(default_factory=dict)

    async def run(self, name: str, context: RoleContext) -> None:
        """The inventory role of a process."""
        settings = context.settings.inventory
        limits = StockLimits(settings.low_percent, settings.low_count, settings.low_percent_by_campaign)
        self._roles[name] = InventoryRole(context.kafka, context.topics, limits, context.failpoint)
        await self._roles[name].run(context.stopping)

    def shown(self, names: Iterable[str]) -> dict[str, Shown]:
        """What the views of these processes show; nothing for one that has not started."""
        return {name: counted(self._roles[name].view.stocks() if name in self._roles else ()) for name in names}


def counted(stocks: Iterable[CampaignStock]) -> Shown:
    """The counts of campaigns."""
    return Counter(
        {
            (stock.campaign_id, code_type, status): count
            for stock in stocks
            for code_type, counts in counts_by_type(stock).items()
            for status, count in counts._asdict().items()
        }
    )


def table(cluster: Cluster, group_prefix: str) -> Shown:
    """What a process that rebuilds the table now would find."""
    last: dict[bytes | None, bytes] = {}
    for record in reading.logged(cluster, "", [changelog_topic(group_prefix)]):
        if record.value is not None:
            last[record.key] = record.value
    return counted(CampaignStock.model_validate_json(value) for value in last.values())


def true_counts(codes: Iterable[Mapping[str, str]]) -> Shown:
    """The codes in the database."""
    return Counter((code["campaign_id"], code["code_type"], code["status"]) for code in codes)
