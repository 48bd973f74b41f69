"""All shards that were ever published, whatever is in the database.

In:       `inventory.v1` and the changelog of the inventory's table, from their beginnings to their ends.
Out:      each campaign's shards, at the highest version that was ever sent.
Promise:  reads only. The changelog remembers shards that retention has removed from `inventory.v1`. Records of open
          transactions count too, since they may be committed later, and hide what is behind them until then.
"""

from contextlib import aclosing

from consumers.inventory.view import InventoryView
from ops.broker.reading import kafka_errors, topic_reader
from ops.settings.load import Settings
from schemas.stock import CampaignStock, changelog_topic
from schemas.topics import INVENTORY, Topics


async def published_shards(settings: Settings) -> dict[str, CampaignStock]:
    """By campaign.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
    """
    topics, changelog = Topics(settings.topics.prefix), changelog_topic(settings.kafka.group_prefix)
    view = InventoryView(topics, changelog)
    async with topic_reader(settings, [topics.full(INVENTORY), changelog], "read_uncommitted") as reader:
        with kafka_errors(settings.kafka):
            ends = await reader.ends()
            reader.start_at(await reader.beginnings())
            async with aclosing(reader.until(ends)) as batches:
                async for batch in batches:
                    for record in batch:
                        view.take(record)
    return {stock.campaign_id: stock for stock in view.stocks()}
