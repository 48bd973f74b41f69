"""`codes importer`, put together: where to begin reading.

In:   the context of a process: settings, Kafka, the stop.
Out:  a member of the importers' group that serves the topic of import commands until the stop.

The group gives this process partitions. Each is opened here, read by `consumers/loop/partition.py`, and served
command by command by `consumers/importer/commands.py`.
"""

from typing import Final

from aiokafka import TopicPartition

from consumers.importer.commands import ImportPartition
from consumers.importer.context import ImporterContext
from consumers.loop.serving import serve_topics
from roles.database import mongo_parts
from roles.guarantee import check_brokers
from roles.process import RoleContext
from schemas.groups import IMPORTER_GROUP
from schemas.topics import IMPORT
from stores.import_port import ObjectStore
from stores.mongo.imports import MongoImportStore
from stores.s3.objects import open_objects

COMMANDS_AT_ONCE: Final = 1
"""An import may take an hour: the next command of a partition waits for it."""


async def importer(context: RoleContext) -> None:
    """Serve import commands; at the stop, an import ends its chunk and is continued later.

    Raises:
        KafkaTooOld: see `check_brokers`.
        ExceptionGroup: something unforeseen; the import it happened in is continued after its last chunk.
    """
    await check_brokers(context)
    async with mongo_parts(context) as parts, open_objects(context.settings.s3) as objects:
        context.probes["s3"] = objects.check
        shared = importer_context(context, objects)

        def open_partition(source: TopicPartition) -> ImportPartition:
            shard = f"{shared.topics.bare(source.topic)}.{source.partition}"
            return ImportPartition(shard, MongoImportStore(parts, shard), shared)

        await serve_topics(
            context.kafka,
            shared.group,
            [context.topics.full(IMPORT)],
            open_partition,
            context.stopping,
            batch_size_max=COMMANDS_AT_ONCE,
        )


def importer_context(context: RoleContext, objects: ObjectStore) -> ImporterContext:
    """What all partitions of this process share."""
    kafka = context.kafka
    return ImporterContext(
        topics=context.topics,
        group=kafka.settings.group_prefix + IMPORTER_GROUP,
        limits=kafka.limits,
        settings=context.settings.importer,
        observer=kafka.observer,
        failpoint=context.failpoint,
        objects=objects,
        tracer=kafka.tracer,
        formats=context.settings.requests.registry_formats,
    )
