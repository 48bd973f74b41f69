"""The inventory role put together: view, counting, lags, HTTP.

In:       the context of a process.
Out:      the work of `codes inventory`, until the stop; `codes_inventory_codes`.
Promise:  MongoDB is used for histories only, and only if `CODES_INVENTORY__HISTORY_URI` is set. The role starts,
          counts and is ready without it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from consumers.inventory.role import InventoryRole
from consumers.inventory.view import InventoryView
from handlers.inventory.alerts import StockLimits
from handlers.inventory.counts import counts_by_type, summed
from ops.settings.load import Settings
from ops.telemetry.inventory_metrics import InventoryCollector
from roles.process import RoleContext
from schemas.base import CodeStatus
from schemas.errors import SettingsInvalid
from stores.mongo.collections import Collections
from stores.mongo.connection import connect, database
from stores.mongo.login import Login
from web.past import Past, Source
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
    async with past_of(context.settings) as past, api_server(settings, streams, past):
        await role.run(context.stopping)


@asynccontextmanager
async def past_of(settings: Settings) -> AsyncIterator[Past]:
    """Histories, from a connection of their own. It is opened by the first search.

    Raises:
        SettingsInvalid: `CODES_INVENTORY__HISTORY_URI` is not a valid MongoDB address.
    """
    if settings.inventory.history_uri is None:
        yield Past()
        return
    reader = settings.mongo.model_copy(update={"uri": settings.inventory.history_uri})
    try:
        client = connect(reader)
    except SettingsInvalid:
        raise SettingsInvalid("CODES_INVENTORY__HISTORY_URI: this is no address of a MongoDB") from None
    try:
        yield Past(Source(Collections(database(client, reader)), Login(client, reader).follow))
    finally:
        client.close()


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
