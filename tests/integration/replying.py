"""A reply topic of a test's own, and senders that want their answers there.

Out: `ReplyTopic`, `a_reply_topic`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.protocol.admin import CreateAclsRequest

from ops.settings.load import Settings

UNTIL_S: Final = 30.0
TOPIC, LITERAL, ANY_HOST, ANYBODY = 2, 3, "*", "User:ANONYMOUS"
ALL, WRITE, DENY, ALLOW = 2, 4, 2, 3


class ReplyTopic:
    """A reply topic that a test may break while it is used."""

    def __init__(self, admin: AIOKafkaAdminClient, name: str) -> None:
        self.admin = admin
        self.name = name

    @property
    def allowed(self) -> dict[str, str]:
        """What lets a worker write to it."""
        return {"CODES_TOPICS__REPLY_ALLOWED": orjson.dumps([self.name]).decode()}

    def headers(self, partition: int | None = None) -> list[tuple[str, bytes]]:
        """The headers of a request that wants its answer there."""
        named = [("kafka_replyTopic", self.name.encode())]
        return named if partition is None else [*named, ("kafka_replyPartition", partition.to_bytes(4, "big"))]

    async def make(self, **configs: str) -> None:
        """Create it with one partition."""
        options = {name.replace("_", "."): value for name, value in configs.items()}
        await self.admin.create_topics([NewTopic(self.name, 1, 1, topic_configs=options)])
        await self.until(lambda found: found["error_code"] == 0)

    async def delete(self) -> None:
        """Delete it, and wait until the broker no longer lists it."""
        await self.admin.delete_topics([self.name])
        await self.until(lambda found: found["error_code"] != 0)

    async def widen(self, partitions: int) -> None:
        """Widen it to so many partitions."""
        await self.admin.create_partitions({self.name: NewPartitions(partitions)})
        await self.until(lambda found: len(found["partitions"]) == partitions)

    async def forbid_writing(self) -> None:
        """On a broker with an authorizer: everybody may do everything with the topic, but not write to it."""
        for operation, permission in ((WRITE, DENY), (ALL, ALLOW)):
            wanted = CreateAclsRequest(TOPIC, self.name, LITERAL, ANYBODY, ANY_HOST, operation, permission)
            answer = await self.admin._send_request(wanted)
            for code, text in answer.creation_responses:
                assert code == 0, text

    async def until(self, is_so: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the broker describes it like this."""
        end = time.monotonic() + UNTIL_S
        while not is_so((await self.admin.describe_topics([self.name]))[0]):
            assert time.monotonic() < end, f"the broker does not describe {self.name} as it should be"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def a_reply_topic(settings: Settings) -> AsyncIterator[ReplyTopic]:
    """A topic that does not exist yet; deleted at the end."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    topic = ReplyTopic(admin, f"{settings.topics.prefix}answers")
    try:
        yield topic
        await admin.delete_topics([topic.name])
    finally:
        await admin.close()
