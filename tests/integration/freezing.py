"""Parts of the stack that do not answer for a while.

Out: `frozen`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from devstack.shape import PartName
from tests.stacks import pause, resume, running

NOTICED_AFTER_S: Final = 1.5


@asynccontextmanager
async def frozen(part: PartName) -> AsyncIterator[None]:
    """A part of the stack that does not answer, like a part behind a broken network; it answers again at the end."""
    pause(part)
    try:
        yield
    finally:
        resume(part)
        await broker_is_back()


async def broker_is_back() -> None:
    """Wait until the broker has registered again.

    After a long silence its controller, frozen like itself, takes a moment to notice, and then gives it up first.
    """
    await asyncio.sleep(NOTICED_AFTER_S)
    servers = running().environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"]
    for _ in range(100):
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
            if cluster["controller_id"] in {broker["node_id"] for broker in cluster["brokers"]}:
                return
        except KafkaError:
            await asyncio.sleep(0.2)
        finally:
            await admin.close()
    pytest.fail("the broker did not come back")
