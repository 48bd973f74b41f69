"""The roles: each opens its parts, works, and closes them. Here the service is put together.

In:   the context of a process.
Out:  the work of `codes worker`, `codes importer` and `codes expirer`, until the context says stop.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumers.expirer.assigns_watermark import open_assigns_watermark
from consumers.expirer.release_progress import open_release_progress
from consumers.expirer.role import Expirer, KafkaView
from consumers.expirer.share import open_expiry_share
from consumers.importer.role import run_importer
from consumers.loop.broker_watch import watched
from consumers.loop.serving import KafkaSide
from consumers.worker.role import run_worker
from producers.reply_topics import ReplyTopics
from roles.guarantee import check_brokers
from roles.process import RoleContext
from schemas.groups import WORKER_GROUP
from schemas.topics import ASSIGN, RELEASE, Topics
from stores.mongo.campaigns import Campaigns
from stores.mongo.codes import MongoCodeStore, MongoParts
from stores.mongo.collections import Collections
from stores.mongo.connection import connect, database, ping
from stores.mongo.imports import MongoImportStore
from stores.mongo.overdue import OverdueReservations
from stores.s3.objects import open_objects

LOOK_UP_TIMEOUT_S: Final = 5.0
"""For the broker's answer on a reply topic; without one, what is known of the topic stays so."""


async def worker(context: RoleContext) -> None:
    """Serve requests."""
    await check_brokers(context)
    async with mongo_parts(context) as parts:

        def make_store(topic: str, shard: str) -> MongoCodeStore:
            return MongoCodeStore(
                parts, shard, tells_values=topic == ASSIGN.name, in_background=topic == RELEASE.name
            )

        allowed = context.settings.topics.reply_allowed
        replies = ReplyTopics(allowed, partition_counter(context), context.kafka.observer)
        await run_worker(context.kafka, context.topics, make_store, replies, context.failpoint, context.stopping)


async def importer(context: RoleContext) -> None:
    """Serve import commands."""
    await check_brokers(context)
    async with mongo_parts(context) as parts, open_objects(context.settings.s3) as objects:

        def make_store(shard: str) -> MongoImportStore:
            return MongoImportStore(parts, shard)

        settings = context.settings.importer
        await run_importer(
            context.kafka, context.topics, settings, make_store, objects, context.failpoint, context.stopping
        )


async def expirer(context: RoleContext) -> None:
    """Ask for the release of overdue reservations."""
    async with mongo_parts(context) as parts:
        overdue = OverdueReservations(parts.collections)
        view = partial(expirers_view, context.kafka, context.topics)
        role = Expirer(overdue, view, context.topics, context.settings.expirer, context.kafka.observer)
        await role.run(context.kafka.connection, context.kafka.backoff_max_s, context.stopping)


@asynccontextmanager
async def expirers_view(side: KafkaSide, topics: Topics) -> AsyncIterator[KafkaView]:
    """How far the workers are with assigns and releases, and which share of the expiries is this process's."""
    workers = side.settings.group_prefix + WORKER_GROUP
    async with (
        open_assigns_watermark(side.connection, topics.full(ASSIGN), workers) as watermark,
        open_release_progress(side.connection, topics.full(RELEASE), workers) as progress,
        open_expiry_share(side, topics.full(RELEASE)) as share,
    ):
        yield KafkaView(watermark, progress, share)


@asynccontextmanager
async def mongo_parts(context: RoleContext) -> AsyncIterator[MongoParts]:
    """The connection to MongoDB and what the stores of this process share."""
    settings = context.settings.mongo
    client = connect(settings)
    try:
        collections = Collections(database(client, settings))
        turns = asyncio.Semaphore(settings.transactions_max)
        async with watched(partial(ping, client), "mongo", context.kafka.observer):
            yield MongoParts(client, collections, Campaigns(collections), turns, stock=context.stock)
    finally:
        client.close()


def partition_counter(context: RoleContext) -> Callable[[str], Awaitable[int | None]]:
    """How many partitions a topic has, by asking the broker; 0 if it shows no such topic, None without an answer."""

    async def count(topic: str) -> int | None:
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

    return count
