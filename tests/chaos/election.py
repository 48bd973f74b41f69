"""Kafka's `ElectLeaders` request, which aiokafka does not have: preferred replicas lead their partitions again.

In:       a broker's port.
Out:      nothing; a cluster that does not answer elects nobody.
"""

import asyncio
import struct
from contextlib import suppress
from typing import Final

from devstack.ports import HOST

ELECT_LEADERS, VERSION = 43, 1
PREFERRED: Final = 0
ALL_TOPICS: Final = -1
TIMEOUT_MS: Final = 5_000
ANSWER_S_MAX: Final = 6.0
CLIENT_ID: Final = b"chaos"
REQUEST: Final = struct.pack(
    f">hhih{len(CLIENT_ID)}sbii",
    *(ELECT_LEADERS, VERSION, 1, len(CLIENT_ID), CLIENT_ID),
    *(PREFERRED, ALL_TOPICS, TIMEOUT_MS),
)


async def elect_preferred_leaders(port: int) -> int:
    """Ask one broker, which asks the controller; gives the length of the answer, 0 without any."""
    with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(ANSWER_S_MAX):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(struct.pack(">i", len(REQUEST)) + REQUEST)
                (length,) = struct.unpack(">i", await reader.readexactly(4))
                await reader.readexactly(length)
                return int(length)
            finally:
                writer.close()
    return 0
