"""An alert whose topic is deleted and created again: the inventory says what it waits for, and sends the alert."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from ops.broker.client import client_options
from ops.broker.migrate import migrate
from ops.settings.load import Settings
from producers.emitters import EMIT_PATIENCE_S
from schemas.topics import STOCK_ALERTS, Topics
from tests.integration.running import Neighbour, Role, until
from tests.integration.watching import an_announcer, an_event, until_true, watching

pytestmark = [pytest.mark.integration, pytest.mark.long]  # its shorter form: contract/test_deleted_topics.py


async def delete_alerts(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    await admin.start()
    await admin.delete_topics([Topics(settings.topics.prefix).full(STOCK_ALERTS)])
    await admin.close()


def untaken(role: Role) -> list[str]:
    """The reasons logged for an alert that its topic did not take."""
    return [line["reason"] for line in role.logged("waits_for") if "did not take an alert" in line["reason"]]


async def alerts_of(settings: Settings, campaign_id: str) -> list[dict[str, Any]]:
    """A campaign's alerts, read from the first record of the topic that exists now."""
    topic = Topics(settings.topics.prefix).full(STOCK_ALERTS)
    consumer = AIOKafkaConsumer(topic, **client_options(settings.kafka), auto_offset_reset="earliest")
    await consumer.start()
    try:
        while True:
            found = orjson.loads((await consumer.getone()).value)
            if found["campaign_id"] == campaign_id:
                return [found]
    finally:
        await consumer.stop()


async def test_an_alert_is_sent_once_its_topic_is_there_again(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """In the same process; the log names the topic, and the events behind the alert are counted."""
    async with watching(environment, tmp_path / "i.log") as watcher, an_announcer(migrated) as announcer:
        await announcer.publish(an_event("first", 1, 100), an_event("first", 2, 5, 95))
        await neighbour.values(STOCK_ALERTS, 1)
        await delete_alerts(migrated)
        await announcer.publish(an_event("sale", 1, 100), an_event("sale", 2, 5, 95), an_event("sale", 3, 4, 96))
        await until(lambda: bool(untaken(watcher.role)), "the topic is named", 4 * EMIT_PATIENCE_S)
        await migrate(migrated)
        sent = await alerts_of(migrated, "sale")
        await until_true(watcher, {"first": (5, 95, 0), "sale": (4, 96, 0)})

    assert STOCK_ALERTS.name in untaken(watcher.role)[0]
    assert [("low", 5)] == [(alert["level"], alert["available"]) for alert in sent]
