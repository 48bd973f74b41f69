"""What the expirer knows of the workers' way through the releases, on a real broker."""

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.expirer.release_progress import open_release_progress
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.groups import WORKER_GROUP
from schemas.topics import RELEASE, Topics

pytestmark = pytest.mark.integration


async def test_a_partitions_progress_is_what_the_workers_have_committed(migrated: Settings) -> None:
    """A partition without any commit has decided nothing, and no other partition is asked about."""
    topic, group = Topics(migrated.topics.prefix).full(RELEASE), migrated.kafka.group_prefix + WORKER_GROUP
    options = client_options(migrated.kafka)
    async with open_release_progress(options, topic, group) as progress:
        before = await progress.decided(frozenset({0, 1}))
        await commit(options, group, TopicPartition(topic, 1), 17)
        after = await progress.decided(frozenset({0, 1}))

    assert {0: 0, 1: 0} == before
    assert {0: 0, 1: 17} == after


async def commit(options: dict[str, object], group: str, source: TopicPartition, offset: int) -> None:
    """Commit as a worker does."""
    consumer = AIOKafkaConsumer(**options, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([source])
    await consumer.commit({source: offset})
    await consumer.stop()
