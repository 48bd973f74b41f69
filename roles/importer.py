"""`codes importer`, put together.

In:   the context of a process.
Out:  a member of the importers' group that serves the topic of import commands until the stop.
"""

from consumers.importer.role import run_importer
from roles.database import mongo_parts
from roles.guarantee import check_brokers
from roles.process import RoleContext
from stores.mongo.imports import MongoImportStore
from stores.s3.objects import open_objects


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
