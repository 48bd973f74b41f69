"""The importer: a group member that serves the topic of import commands, one import a partition at a time.

In:   the Kafka side, how to make a partition's store, S3.
Out:  progress and end events, inventory events and dead letters, until `stopping` is set.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from aiokafka import TopicPartition

from consumers.importer.commands import ImportPartition
from consumers.importer.context import ImporterContext
from consumers.loop.failpoints import Failpoint
from consumers.loop.serving import KafkaSide, serve_topics
from schemas.groups import IMPORTER_GROUP
from schemas.settings import ImporterSettings
from schemas.topics import IMPORT, Topics
from stores.import_port import ImportStore, ObjectStore

COMMANDS_AT_ONCE: Final = 1
"""An import may take an hour: the next command of a partition waits for it."""

MakeImportStore = Callable[[str], ImportStore]
"""By shard, the partition's name without the topic prefix."""


async def run_importer(
    side: KafkaSide,
    topics: Topics,
    settings: ImporterSettings,
    make_store: MakeImportStore,
    objects: ObjectStore,
    failpoint: Failpoint,
    stopping: asyncio.Event,
) -> None:
    """Serve import commands until `stopping` is set; an import under way stops at a chunk's end and goes on later.

    Raises:
        ExceptionGroup: something unforeseen; the import it happened in goes on from its last chunk.
    """
    group = side.settings.group_prefix + IMPORTER_GROUP
    context = ImporterContext(
        topics, group, side.limits, settings, side.observer, failpoint, objects, tracer=side.tracer
    )

    def make_work(source: TopicPartition) -> ImportPartition:
        shard = f"{topics.bare(source.topic)}.{source.partition}"
        return ImportPartition(shard, make_store(shard), context)

    await serve_topics(side, group, [topics.full(IMPORT)], make_work, stopping, batch_size_max=COMMANDS_AT_ONCE)
