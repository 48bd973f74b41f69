"""The worker: a group member that serves the three request topics.

In:   the Kafka side, how to make a partition's store, which reply topics are allowed.
Out:  results, assigned codes, inventory and dead letters, until it is told to stop.
"""

import asyncio
from collections.abc import Callable

from aiokafka import TopicPartition

from consumers.loop.failpoints import Failpoint
from consumers.loop.serving import KafkaSide, serve_topics
from consumers.worker.batch import RequestPartition
from consumers.worker.context import Surroundings
from producers.reply_topics import ReplyTopics
from schemas.groups import WORKER_GROUP
from schemas.topics import REQUEST_TOPICS, Topics
from stores.code_port import CodeStore

MakeStore = Callable[[str, str], CodeStore]
"""By topic without prefix, and shard."""


async def run_worker(
    side: KafkaSide,
    topics: Topics,
    make_store: MakeStore,
    replies: ReplyTopics,
    failpoint: Failpoint,
    stopping: asyncio.Event,
) -> None:
    """Serve requests until `stopping` is set.

    Raises:
        ExceptionGroup: something unforeseen; nothing of the batch it happened in is committed.
    """
    group = side.settings.group_prefix + WORKER_GROUP
    around = Surroundings(topics, group, side.limits, side.observer, failpoint, replies, tracer=side.tracer)

    def make_work(source: TopicPartition) -> RequestPartition:
        topic = topics.bare(source.topic)
        shard = f"{topic}.{source.partition}"
        return RequestPartition(shard, topic, make_store(topic, shard), around)

    await serve_topics(
        side,
        group,
        [topics.full(topic) for topic in REQUEST_TOPICS],
        make_work,
        stopping,
        batch_size_max=side.limits.batch_size_max,
    )
