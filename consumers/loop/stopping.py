"""How a consumer ends: whatever fails or is cancelled, none of its tasks and connections is left.

In:       a consumer, also one whose start failed.
Out:      `stop_consumer`; `stop_clients`, for one with an admin client.
Promise:  a cancelled stop waits for no broker; a broker that does not answer lets the group notice by its session.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from consumers.loop.retry import convert_stray_cancellation
from producers.sending import looked_at
from schemas.errors import Dropped

TASKS_END_S_MAX: Final = 2.0
"""For tasks that were cancelled; nothing that they wait for needs a broker."""
COORDINATOR_TASKS: Final = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop it, and raise no CancelledError that nobody requested.

    The client raises it if it was joining its group or fetching; the role would end with 1, though it has let go of
    everything.
    """
    try:
        with suppress(Dropped):
            await convert_stray_cancellation(consumer.stop())
    finally:
        await _end(consumer)


async def stop_clients(consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
    """Stop both, also if the first stop fails or is cancelled."""
    try:
        await stop_consumer(consumer)
    finally:
        await admin.close()


async def _end(consumer: AIOKafkaConsumer) -> None:
    """Do what the client's `stop` leaves out if any step before fails; done twice it does no harm.

    It stops its parts one after the other, and a second call of it does nothing.
    """
    tasks = {task for task in _tasks_of(consumer) if not task.done()}
    for task in tasks:
        task.add_done_callback(looked_at)
        task.cancel()
    await consumer._client.close()  # noqa: SLF001  # nothing public closes it alone
    if tasks:
        await asyncio.wait(tasks, timeout=TASKS_END_S_MAX)


def _tasks_of(consumer: AIOKafkaConsumer) -> Iterator["asyncio.Task[Any]"]:
    """All tasks of the group's coordinator and of the fetcher. Neither is there before the cluster was found."""
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001  # nothing public ends them alone
    named = [getattr(coordinator, name, None) for name in COORDINATOR_TASKS]
    yield from (task for task in named if task is not None)
    if fetcher is not None:
        yield fetcher._fetch_task  # noqa: SLF001  # as above
        yield from fetcher._pending_tasks  # noqa: SLF001  # as above
