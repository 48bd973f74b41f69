"""`codes expirer`, put together.

In:   the context of a process.
Out:  release requests for overdue reservations, until the stop.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from consumers.expirer.assigns_watermark import open_assigns_watermark
from consumers.expirer.release_progress import open_release_progress
from consumers.expirer.role import Expirer, KafkaView
from consumers.expirer.share import open_expiry_share
from consumers.loop.serving import KafkaSide
from roles.database import mongo_parts
from roles.process import RoleContext
from schemas.groups import WORKER_GROUP
from schemas.topics import ASSIGN, RELEASE, Topics
from stores.mongo.overdue import OverdueReservations


async def expirer(context: RoleContext) -> None:
    """Request the release of overdue reservations."""
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
