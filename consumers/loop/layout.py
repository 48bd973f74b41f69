"""Which partitions some topics have.

In:   a connected admin client, topics by full name.
Out:  their partitions, as the broker lists them now; a topic that is missing is not made by looking at it.
"""

from collections.abc import Iterable

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


async def partitions_of(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """By topic; one that is not there has none. Raises KafkaError if the broker does not answer.

    All topics are listed: to ask for one that is missing would create it, where brokers do that by themselves.
    """
    counts = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    return {topic: [TopicPartition(topic, number) for number in range(counts.get(topic, 0))] for topic in topics}
