"""Puts codes into campaigns through the service's own door: files in S3, import commands, an importer.

In:       a scene, and the number of codes of each campaign.
Out:      imports that have ended.
Promise:  every code was inserted, or a RuntimeError says what was not.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import boto3
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.codes_file import content
from benchmarks.processes import check_alive, running
from benchmarks.scene import Scene
from benchmarks.traffic import at_end
from schemas.topics import IMPORT, IMPORTS

POLL_MS: Final = 1_000
SILENCE_POLLS_MAX: Final = 120
"""Polls without an event after which an importer has failed."""


async def fill(scene: Scene, stocks: Mapping[str, int]) -> None:
    """Import the same number of codes into each campaign; campaigns of the same size share a file."""
    async with uploaded(scene, set(stocks.values())) as (bucket, keys), import_events(scene) as events:
        await command(scene, [import_command(bucket, name, keys[count]) for name, count in stocks.items()])
        async with running("importer", scene.environment) as importer:
            seen = await imported(events, len(stocks), [importer])
    check([event for event in seen if is_end(event)], stocks)


@asynccontextmanager
async def uploaded(scene: Scene, sizes: set[int]) -> AsyncIterator[tuple[str, Mapping[int, str]]]:
    """A bucket with a file of each size; removed at the end. Gives its name, and the files' keys."""
    client, bucket = s3(scene), scene.settings.mongo.database
    keys = {rows: f"{rows}.csv" for rows in sizes}
    await asyncio.to_thread(client.create_bucket, Bucket=bucket)
    try:
        for rows, key in keys.items():
            await asyncio.to_thread(client.put_object, Bucket=bucket, Key=key, Body=content(rows))
        yield bucket, keys
    finally:
        for key in keys.values():
            await asyncio.to_thread(client.delete_object, Bucket=bucket, Key=key)
        await asyncio.to_thread(client.delete_bucket, Bucket=bucket)
        client.close()


def s3(scene: Scene) -> Any:  # noqa: ANN401  # its types are made at run time
    """A client of the scene's S3."""
    return boto3.client(
        "s3",
        endpoint_url=scene.settings.s3.endpoint_url,
        region_name=scene.settings.s3.region,
        aws_access_key_id=scene.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=scene.environment["AWS_SECRET_ACCESS_KEY"],
    )


def import_command(bucket: str, campaign_id: str, key: str) -> dict[str, str]:
    """The command that loads a file into a campaign."""
    return {"request_id": f"import-{campaign_id}", "campaign_id": campaign_id, "bucket": bucket, "key": key}


async def command(scene: Scene, commands: Sequence[Mapping[str, str]]) -> None:
    """Send import commands."""
    producer = AIOKafkaProducer(bootstrap_servers=scene.servers)
    await producer.start()
    for body in commands:
        await producer.send(scene.topics.full(IMPORT), value=orjson.dumps(body), key=body["campaign_id"].encode())
    await producer.stop()


@asynccontextmanager
async def import_events(scene: Scene) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of the import events from now on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=scene.servers, isolation_level="read_committed")
    await consumer.start()
    try:
        await at_end(consumer, scene, IMPORTS)
        yield consumer
    finally:
        await consumer.stop()


async def imported(
    events: AIOKafkaConsumer, count: int, processes: Sequence[asyncio.subprocess.Process]
) -> list[dict[str, Any]]:
    """All events until the given number of imports has ended.

    Raises:
        TimeoutError: the importer is silent.
        RuntimeError: it ended.
    """
    seen: list[dict[str, Any]] = []
    silent = 0
    while sum(map(is_end, seen)) < count:
        check_alive(processes)
        polled = [record for records in (await events.getmany(timeout_ms=POLL_MS)).values() for record in records]
        silent = 0 if polled else silent + 1
        if silent > SILENCE_POLLS_MAX:
            raise TimeoutError(f"{count} imports have not ended, and the importer is silent")
        seen += [orjson.loads(record.value) for record in polled]
    return seen


def is_end(event: Mapping[str, Any]) -> bool:
    """Whether the import has ended with this event."""
    return bool(event["state"] != "running")


def check(ends: Sequence[Mapping[str, Any]], stocks: Mapping[str, int]) -> None:
    """Every import must have inserted every row.

    Raises:
        RuntimeError: one did not.
    """
    for end in ends:
        wanted = stocks[end["campaign_id"]]
        if (end["state"], end["inserted"]) != ("completed", wanted):
            raise RuntimeError(
                f"import {end['state']}, reason {end['reason']}, {end['inserted']} of {wanted} inserted"
            )
