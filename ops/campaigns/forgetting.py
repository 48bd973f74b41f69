"""Makes compacted topics forget a campaign: a record without a value, a tombstone, for its key.

In:       a campaign's id.
Out:      tombstones on each partition of the inventory's changelog, for the counts and the hours of the campaign; and
          on those of `inventory.v1` if that is compacted.
Promise:  may be repeated. The inventory drops the campaign when it reads the tombstone, and the broker removes what
          is behind it.
"""

from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ops.broker.client import client_options
from ops.broker.reading import kafka_errors
from ops.broker.topics import admin_client, partitions_there
from ops.campaigns.settling import NotSettled, until_counted
from ops.settings.load import Settings
from ops.weaknesses.reading import config_in
from producers.emitters import EMIT_PATIENCE_S, idempotent_producer
from producers.sending import Unsent, deliver
from schemas.clock import utc_now
from schemas.errors import BrokerUnavailable
from schemas.records import OutgoingRecord
from schemas.stock import HOURS_SUFFIX, changelog_topic
from schemas.topics import INVENTORY, Topics

INVENTORY_PATIENCE_S: Final = 15.0
"""Where no inventory runs, nothing is waited for that long more than once."""


async def forget(settings: Settings, campaign_id: str, *, warn: Callable[[str], None]) -> None:
    """Send the tombstones once the inventory has counted what was published; warn if it does not.

    An inventory that counts an older event after the tombstone writes the campaign again.

    Raises:
        BrokerUnavailable, KafkaRefused: see `send_tombstones`.
    """
    try:
        await until_counted(settings, now=utc_now(), patience_s=INVENTORY_PATIENCE_S)
    except NotSettled as why:
        warn(f"{why}: if the inventory shows campaign {campaign_id} later, run the same command again")
    await send_tombstones(settings, campaign_id)


async def send_tombstones(settings: Settings, campaign_id: str) -> Sequence[str]:
    """Send them; gives the topics that got some.

    Raises:
        BrokerUnavailable, KafkaRefused: Kafka does not answer, or does not let us. Run it again.
    """
    compacted = await compacted_topics(settings)
    key, changelog = campaign_id.encode(), changelog_topic(settings.kafka.group_prefix)
    records = [
        OutgoingRecord(topic, each, None, (), partition)
        for topic, partitions in compacted.items()
        for partition in range(partitions)
        for each in ((key, key + HOURS_SUFFIX) if topic == changelog else (key,))
    ]
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:
            try:
                await deliver(producer, records, EMIT_PATIENCE_S)
            except Unsent as why:
                raise BrokerUnavailable(f"Kafka at {settings.kafka.bootstrap_servers}: {why}") from None
    return list(compacted)


async def compacted_topics(settings: Settings) -> dict[str, int]:
    """Partitions of the topics with counts that are there and keep the last record of each key."""
    names = [Topics(settings.topics.prefix).full(INVENTORY), changelog_topic(settings.kafka.group_prefix)]
    with kafka_errors(settings.kafka):
        async with admin_client(settings) as admin:
            there = await partitions_there(admin)
            found = [name for name in names if name in there]
            policies = await policies_of(admin, found) if found else {}
    return {name: there[name] for name in found if "compact" in policies[name]}


async def policies_of(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, str]:
    """Each topic's cleanup policy. Raises Kafka's error if the user may not read it."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    resources = [resource for answer in answers for resource in answer.resources]
    return {resource[3]: config_in(resource)["cleanup.policy"] for resource in resources}
