"""Senders that compress: aiokafka, librdkafka (kcat) and Kafka's own Java client. Each frames its streams anew.

Out: `Sender`, `SENDERS`, `send_compressed`.
"""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer

from devstack.folder import layout_of
from tests.places import DATA
from tests.stacks import CONTAINERS, source

CODECS: Final = ("gzip", "snappy", "lz4", "zstd")
JAVA_SENDER: Final = DATA / "java" / "Send.java"
"""Compiled when it is run: it needs a JDK."""
LIMIT_S: Final = 60
LINGER_MS: Final = 500
"""So that the records of one call are one batch of more than 64 KiB, which the codecs split into blocks."""
BATCH_BYTES: Final = 512 * 1024

Sender = Callable[[str, str, str, Sequence[str]], Awaitable[None]]
"""Servers, topic, codec, values."""


async def by_aiokafka(servers: str, topic: str, codec: str, values: Sequence[str]) -> None:
    """With the library that reads them."""
    async with AIOKafkaProducer(
        bootstrap_servers=servers, compression_type=codec, linger_ms=LINGER_MS, max_batch_size=BATCH_BYTES
    ) as producer:
        sent = [await producer.send(topic, value.encode(), partition=0) for value in values]
        await asyncio.gather(*sent)


async def by_kcat(servers: str, topic: str, codec: str, values: Sequence[str]) -> None:
    """With librdkafka."""
    options = ("-X", f"linger.ms={LINGER_MS}", "-X", f"batch.size={BATCH_BYTES}")
    await fed(values, "kcat", "-P", "-b", servers, "-t", topic, "-p", "0", "-z", codec, *options)


async def by_java(servers: str, topic: str, codec: str, values: Sequence[str]) -> None:
    """With the client that the broker brings."""
    jars = json.loads(layout_of(None).class_path.read_text())["jars"]
    program = ("java", "-cp", ":".join(jars), str(JAVA_SENDER))
    await fed(values, *program, servers, topic, codec, str(LINGER_MS), str(BATCH_BYTES))


async def fed(values: Sequence[str], *command: str) -> None:
    """A program that reads a value a line."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate("\n".join(values).encode() + b"\n"), LIMIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert 0 == process.returncode, said.decode()


def senders() -> Mapping[str, Sender]:
    """The senders whose clients are installed."""
    found: dict[str, Sender] = {"aiokafka": by_aiokafka}
    if shutil.which("kcat") is not None:
        found["kcat"] = by_kcat
    if shutil.which("javac") is not None and source() != CONTAINERS:
        found["java"] = by_java
    return found


SENDERS: Final = senders()
