"""Assembles `codes worker` from its parts: where to begin reading.

In:   the context of a process: settings, Kafka, the stop.
Out:  a member of the workers' group that serves the three request topics until the stop.

The group gives this process partitions. Each is opened here, read by `consumers/loop/partition.py`, and served batch
by batch by `consumers/worker/batch.py`.
"""

import asyncio
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumers.loop.serving import serve_topics
from consumers.worker.batch import RequestPartition
from consumers.worker.breaker import Breakers
from consumers.worker.context import WorkerContext
from ops.tokens.requests import RequestTokens
from producers.reply_topics import ReplyTopics
from roles.database import mongo_parts
from roles.guarantee import check_brokers
from roles.process import RoleContext
from schemas.groups import WORKER_GROUP
from schemas.topics import ASSIGN, RELEASE, REQUEST_TOPICS
from stores.mongo.codes import MongoCodeStore, MongoParts

LOOK_UP_TIMEOUT_S: Final = 5.0
"""For the broker's answer on a reply topic. On a time-out the cached partition count is kept."""


async def worker(context: RoleContext) -> None:
    """Serve requests.

    Raises:
        KafkaTooOld: see `check_brokers`.
        ExceptionGroup: something unforeseen; nothing of the batch it happened in is committed.
    """
    await check_brokers(context)
    async with mongo_parts(context) as parts:
        shared = worker_context(context)

        def open_partition(source: TopicPartition) -> RequestPartition:
            return request_partition(source, parts, shared)

        await serve_topics(
            context.kafka,
            shared.group,
            [context.topics.full(topic) for topic in REQUEST_TOPICS],
            open_partition,
            context.stopping,
            batch_size_max=shared.limits.batch_size_max,
        )


def worker_context(context: RoleContext) -> WorkerContext:
    """What all partitions of this process share."""

    async def count(topic: str) -> int | None:
        return await partition_count(topic, context)

    kafka = context.kafka
    return WorkerContext(
        topics=context.topics,
        group=kafka.settings.group_prefix + WORKER_GROUP,
        limits=kafka.limits,
        observer=kafka.observer,
        failpoint=context.failpoint,
        replies=ReplyTopics(context.settings.topics.reply_allowed, count, kafka.observer),
        tracer=kafka.tracer,
        authorizer=RequestTokens(context.settings.requests) if context.settings.requests.require_jwt else None,
        breakers=Breakers(kafka.limits.dead_letters_max),
        formats=context.settings.requests.registry_formats,
    )


def request_partition(source: TopicPartition, parts: MongoParts, shared: WorkerContext) -> RequestPartition:
    """What serves one input partition, with a store of its own: its shard of the counts, its session, its stock."""
    topic = shared.topics.bare(source.topic)
    shard = f"{topic}.{source.partition}"
    store = MongoCodeStore(
        parts,
        shard,
        publishes_code_values=topic == ASSIGN.name,
        low_priority=topic == RELEASE.name,
    )
    return RequestPartition(shard, topic, store, shared)


async def partition_count(topic: str, context: RoleContext) -> int | None:
    """A topic's number of partitions: 0 if the broker shows no such topic, None without an answer."""
    admin = AIOKafkaAdminClient(**context.kafka.connection)
    try:
        async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
            await admin.start()
            [described] = await admin.describe_topics([topic])
    except (KafkaError, TimeoutError):
        return None
    finally:
        await admin.close()
    return 0 if described["error_code"] else len(described["partitions"])
