"""The inventory's counting: a Faust table of every campaign's counts, and the alerts that follow from them.

In:       `inventory.v1`, keyed by campaign, one partition at a time and in order.
Out:      the table's changelog; `stock-alerts.v1`.
Promise:  a crossing is announced once: the alert is on its topic before the table has the new standing, and an alert
          on the topic is not sent again after a crash. Two owners that both send it use the same `ce_id`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import structlog
from faust.types import TP
from pydantic import ValidationError

from consumers.inventory import faust_flow
from consumers.inventory.faust_kafka import InventoryApp
from consumers.inventory.view_reader import LOOP as VIEW_LOOP
from consumers.loop.failpoints import Failpoint
from consumers.loop.serving import KafkaSide
from handlers.inventory.alerts import PendingAlert, StockLimits, updated_standing
from handlers.inventory.changelog import Place, restored
from handlers.inventory.counts import folded
from handlers.inventory.hours import ends_hour, with_hour
from producers.envelope import alert_id, alert_record
from schemas.events import InventoryChanged
from schemas.observation.fact import Observer
from schemas.observation.partitions import LoopTurned, PartitionsAssigned, PartitionsRevoked
from schemas.records import OutgoingRecord
from schemas.stock import HOURS_SUFFIX, TABLE, CampaignHours, CampaignStock
from schemas.topics import INVENTORY, Topics

TICK_S: Final = 1.0

Send = Callable[[OutgoingRecord], Awaitable[None]]

log = structlog.get_logger(__name__)


class KnowsTopics(Protocol):
    """Reads the topic of alerts, and the table's changelog."""

    def was_sent(self, ce_id: str) -> bool:
        """Whether an alert is on the topic already."""

    async def until_alerts_read(self) -> None:
        """Wait until every alert that is on the topic now is known."""

    def overwritten(self) -> Mapping[Place, CampaignStock]:
        """See `Overwritten.lacking`."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """What an alert needs to be sent."""

    limits: StockLimits
    known: KnowsTopics
    send: Send
    topics: Topics
    failpoint: Failpoint


@dataclass(slots=True)
class Turns:
    """The partition whose event the agent counts; it counts a single event at a time."""

    current: int | None = None
    """The partition whose event is being counted."""
    at_last_tick: int | None = None
    """The partition whose event was already being counted at the last tick."""

    def counted(self) -> None:
        """The event has been counted."""
        self.current = self.at_last_tick = None

    def hanging(self) -> set[int]:
        """The partition whose event has not been counted since the last tick. Called at each tick."""
        hanging = {self.at_last_tick} - {None}
        self.at_last_tick = self.current
        return cast("set[int]", hanging)


def inventory_app(side: KafkaSide, alerting: Alerting) -> InventoryApp:
    """The application: its table, its agent, and what the observer learns of it."""
    app = InventoryApp(side, alerting.known.until_alerts_read)
    topic = alerting.topics.full(INVENTORY)
    channel = app.topic(topic, key_serializer="raw", value_serializer="raw")
    table = app.Table(TABLE, key_type=bytes, value_type=bytes)

    turns = Turns()

    @app.agent(channel, name="inventory")
    async def fold(stream: Any) -> None:  # noqa: ANN401  # Faust's stream
        # Faust itself would acknowledge an event also when it is cut short or fails
        unacknowledged = stream.noack()
        async for event in unacknowledged.events():
            turns.current = event.message.partition
            app.idle.clear()
            change = readable(event.value)
            if change is not None:
                await count(table, change, alerting)
            await unacknowledged.ack(event)
            faust_flow.of(app).done(event.message)
            turns.counted()
            app.idle.set()

    async def restore() -> None:
        restore_overwritten(app, table, topic, alerting.known.overwritten())

    app.timer(TICK_S)(restore)
    report(app, topic, turns, side.observer)
    return app


def restore_overwritten(
    app: InventoryApp,
    table: Any,  # noqa: ANN401  # Faust's table
    topic: str,
    lacking: Mapping[Place, CampaignStock],
) -> None:
    """Write the values again that a former owner has overwritten, of the partitions that are counted here.

    Otherwise whoever rebuilds the table later would lack them, once the changelog has been compacted.
    """
    consumer = faust_flow.of(app)
    own = consumer.assignment() if consumer.flow_active else set()
    for (partition, key), whole in lacking.items():
        value = restored(table.get(key), whole) if TP(topic, partition) in own else None
        if value is not None:
            table.send_changelog(partition, key, value)
            log.info("changelog_restored", campaign_id=whole.campaign_id)


async def count(table: Any, change: InventoryChanged, alerting: Alerting) -> None:  # noqa: ANN401  # Faust's table
    """Count an event in the table; first send the alert that is due because of it."""
    key = change.campaign_id.encode()
    found = table.get(key)
    known = CampaignStock.model_validate_json(found) if found else None
    stock = folded(known, change)
    if stock is known:
        return
    stock, pending = updated_standing(stock, change.code_type, alerting.limits, at=change.changed_at)
    if pending is not None:
        await alert(pending, alerting)
    if known is not None and ends_hour(known, change):
        keep_hour(table, key, known)
    table[key] = stock.to_json()


def keep_hour(table: Any, key: bytes, stock: CampaignStock) -> None:  # noqa: ANN401  # Faust's table
    """Store the counts that an hour ended with: once an hour and campaign, in the changelog of the counts."""
    found = table.get(key + HOURS_SUFFIX)
    hours = CampaignHours.model_validate_json(found) if found else None
    table[key + HOURS_SUFFIX] = with_hour(hours, stock).to_json()


async def alert(pending: PendingAlert, alerting: Alerting) -> None:
    """Send the alert, unless it was sent before a crash."""
    if alerting.known.was_sent(alert_id(pending.identity)):
        log.info("alert_known", stock=pending.alert.level, campaign_id=pending.alert.campaign_id)
        return
    await alerting.send(alert_record(pending.alert, pending.identity, alerting.topics))
    log.info(
        "alert",
        stock=pending.alert.level,
        campaign_id=pending.alert.campaign_id,
        code_type=pending.alert.code_type,
        available=pending.alert.available,
    )
    alerting.failpoint.reached("after_alert")


def readable(value: bytes | None) -> InventoryChanged | None:
    """Parse an event. None if it is unreadable, which is logged: the shard's next event repeats its counts."""
    try:
        return InventoryChanged.model_validate_json(value or b"")
    except ValidationError as why:
        fields = sorted({".".join(map(str, error["loc"])) for error in why.errors(include_input=False)})
        log.warning("unreadable_event", fields=fields)
        return None


def report(app: InventoryApp, topic: str, turns: Turns, observer: Observer) -> None:
    """Report to the observer which partitions are served here, and which of them make progress."""
    served: set[int] = set()

    async def assigned(_sender: Any, partitions: Any, **_: Any) -> None:  # noqa: ANN401  # Faust's signal
        served.clear()
        served.update(place.partition for place in partitions if place.topic == topic)
        observer.observe(PartitionsAssigned(frozenset({VIEW_LOOP, *((topic, number) for number in served)})))

    async def revoked(_sender: Any, _partitions: Any, **_: Any) -> None:  # noqa: ANN401  # Faust's signal
        served.clear()
        observer.observe(PartitionsRevoked())

    async def tick() -> None:
        for number in served - turns.hanging():
            observer.observe(LoopTurned(topic, number))

    app.on_partitions_assigned.connect(cast("Any", assigned))
    app.on_partitions_revoked.connect(cast("Any", revoked))
    app.timer(TICK_S)(tick)
