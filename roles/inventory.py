"""The inventory role put together: view, counting, lags, HTTP.

In:   the context of a process.
Out:  the work of `codes inventory`, until the stop; `codes_inventory_codes`.
"""

from collections.abc import Mapping

from consumers.inventory.role import InventoryRole
from consumers.inventory.view import InventoryView
from handlers.inventory.alerts import StockLimits
from handlers.inventory.counts import counts_by_type, summed
from ops.telemetry.inventory_metrics import InventoryCollector
from roles.process import RoleContext
from schemas.base import CodeStatus
from web.server import api_server
from web.stream import Streams


async def inventory(context: RoleContext) -> None:
    """Count, alert, and answer."""
    settings = context.settings.inventory
    limits = StockLimits(settings.low_percent, settings.low_count)
    role = InventoryRole(context.kafka, context.topics, limits, context.failpoint)
    context.compute(InventoryCollector(lambda: counts_of(role.view)))
    streams = Streams(
        role.view,
        role.lags,
        context.topics,
        settings.streams_max,
        settings.streams_per_token_max,
        settings.empty_within_s,
        role.send_mark,
    )
    async with api_server(settings, streams):
        await role.run(context.stopping)


def counts_of(view: InventoryView) -> dict[str, Mapping[CodeStatus, int]]:
    """Codes by campaign and status, types together."""
    found: dict[str, Mapping[CodeStatus, int]] = {}
    for stock in view.stocks():
        counts = summed(counts_by_type(stock).values())
        found[stock.campaign_id] = {
            CodeStatus.AVAILABLE: counts.available,
            CodeStatus.RESERVED: counts.reserved,
            CodeStatus.ASSIGNED: counts.assigned,
        }
    return found
