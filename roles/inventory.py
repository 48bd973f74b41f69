"""The inventory role put together: view, counting, lags, HTTP.

In:       the context of a process.
Out:      the work of `codes inventory`, until the stop; `codes_inventory_codes`.
Promise:  MongoDB is used for histories only, if `CODES_INVENTORY__HISTORY_URI` is set, and for actions, if
          `CODES_ACTIONS__URI` is. The role starts, counts and is ready without it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import SecretStr

from consumers.inventory.role import InventoryRole
from consumers.inventory.view import InventoryView
from handlers.inventory.alerts import StockLimits
from handlers.inventory.counts import counts_by_type, summed
from ops.settings.load import Settings
from ops.telemetry.inventory_metrics import InventoryCollector
from ops.webhooks.attending import Attention
from ops.webhooks.running import WebhookCollector, delivering
from roles.process import RoleContext
from schemas.base import CodeStatus
from schemas.errors import SettingsInvalid
from stores.mongo.collections import Collections
from stores.mongo.connection import connect, database
from stores.mongo.login import Login
from web.actions.performing import Acting
from web.concerns import concerns_of
from web.past import Past, Source
from web.server import api_server
from web.stream import Streams
from web.weeks import weeks_of


async def inventory(context: RoleContext) -> None:
    """Count, alert, and answer."""
    settings = context.settings.inventory
    limits = StockLimits(settings.low_percent, settings.low_count, settings.low_percent_by_campaign)
    role = InventoryRole(context.kafka, context.topics, limits, context.failpoint)
    context.compute(InventoryCollector(lambda: counts_of(role.view)))
    context.compute(webhooks := WebhookCollector())
    streams = Streams(
        role.view,
        role.lags,
        context.topics,
        settings.streams_max,
        settings.streams_per_token_max,
        settings.empty_within_s,
        role.send_mark,
    )
    async with (
        source_of(context.settings, settings.history_uri, "CODES_INVENTORY__HISTORY_URI") as history,
        source_of(context.settings, context.settings.actions.uri, "CODES_ACTIONS__URI") as desk,
        weeks_of(settings) as weeks,
        api_server(settings, streams, Past(history), Acting(context.settings, desk), weeks),
        delivering(context.settings, attention_of(role, streams), context.kafka.observer, webhooks),
    ):
        await role.run(context.stopping)


def attention_of(role: InventoryRole, streams: Streams) -> Attention:
    """What webhooks are sent besides stock alerts."""
    return Attention(
        topics=streams.topics,
        concerns=concerns_of(streams.judge, role.view, role.lags),
        notices=role.view.notices.of,
        until_read=role.until_read,
        publish=role.send_mark,
    )


@asynccontextmanager
async def source_of(settings: Settings, uri: SecretStr | None, variable: str) -> AsyncIterator[Source | None]:
    """A connection of its own for a user with few rights; the first question opens it. None without an address.

    Raises:
        SettingsInvalid: the variable is not a valid MongoDB address.
    """
    if uri is None:
        yield None
        return
    user = settings.mongo.model_copy(update={"uri": uri})
    try:
        client = connect(user)
    except SettingsInvalid:
        raise SettingsInvalid(f"{variable}: this is no address of a MongoDB") from None
    try:
        yield Source(Collections(database(client, user)), Login(client, user).follow)
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
