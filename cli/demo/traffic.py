"""The demo's upstream program at work: it puts files, sends records, and reacts to what it hears.

In:       settings of a migrated deployment whose roles run.
Out:      `Traffic`: what was sent and heard, and what never came.
Promise:  every wait has a limit; what did not come is told, and the audit will find it.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaProducer

from cli.demo.asks import SHORT, SPRING, VIP, Ask, first_wave, second_wave, too_late
from cli.demo.files import CsvFile, large_file, small_file
from cli.demo.screen import Screen
from cli.demo.watching import Heard
from ops.broker.client import client_options
from ops.broker.records import Fields
from ops.settings.load import Settings
from producers.emitters import running
from schemas.requests import ImportCommand
from schemas.topics import IMPORT, Topics
from stores.s3.connection import connected
from stores.s3.errors import translated

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

WAIT_LIMIT_S: Final = 120.0
"""For all answers of one wave, beside what so many requests may take."""
REQUESTS_PER_S_MIN: Final = 100
POLL_S: Final = 0.1
VIP_PER_MILLE: Final = 20
"""Codes of the small campaign, of all requests; so many requests more ask for them that they run out."""
LATE_MAX: Final = 20
LINGER_MS: Final = 5
REQUEST_BYTES_MAX: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    requests: int
    codes: int
    seed: int


@dataclass(slots=True)
class Traffic:
    """Lives for one demo."""

    settings: Settings
    size: Size
    heard: Heard
    screen: Screen
    check: Callable[[], None]
    """Raises if a role has ended."""
    bucket: str
    asked: list[Ask] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What did not come in time."""

    async def run(self) -> None:
        """Files in, requests in, everything answered."""
        chance = Random(self.size.seed)  # noqa: S311  # made-up traffic, not secrets
        producer = self._producer()
        async with running(producer):
            await self._import(producer, chance)
            first = first_wave(chance, self.size.requests)
            await self._ask(producer, "requests out of the blue", first)
            reserved = sorted(self.heard.reserved.values(), key=lambda result: str(result["request_id"]))
            second = second_wave(chance, first, reserved, self.size.requests)
            await self._ask(producer, "what fans do with them", second)
            await self._ask(producer, "fans who come too late", too_late(await self._expiries()))

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **client_options(self.settings.kafka, client_id="codes-demo"),
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_request_size=REQUEST_BYTES_MAX,
        )

    async def _import(self, producer: AIOKafkaProducer, chance: Random) -> None:
        large = large_file(chance, self.size.codes)
        small = small_file(chance, max(1, self.size.requests * VIP_PER_MILLE // 1000))
        await self._put([large, small])
        commands = [
            self._command("import-spring", SPRING, large.name),
            self._command("import-vip", VIP, small.name),
            self._command("import-spring-again", SPRING, large.name),
            self._command("import-missing", VIP, "no-such.csv"),
        ]
        await self._send(producer, commands)
        await self._until("imports", len(commands), self.heard.ended_imports)
        self._compare("import-spring", large)
        self._compare("import-vip", small)

    def _command(self, import_id: str, campaign_id: str, name: str) -> Ask:
        command = ImportCommand(request_id=import_id, campaign_id=campaign_id, bucket=self.bucket, key=name)
        return Ask(IMPORT.name, campaign_id.encode(), command.to_json(), import_id)

    async def _put(self, files: Iterable[CsvFile]) -> None:
        async with connected(self.settings.s3) as s3:
            with translated():
                await make_bucket(s3, self.bucket)
                for file in files:
                    await s3.put_object(Bucket=self.bucket, Key=file.name, Body=file.content)

    async def reject_reports(self) -> dict[str, str]:
        """What the importer wrote about the rows it rejected, by address."""
        reports = {event["report"] for event in self.heard.imports.values() if event["report"] is not None}
        async with connected(self.settings.s3) as s3:
            with translated():
                return {report: await content(s3, report) for report in sorted(reports)}

    def _compare(self, import_id: str, file: CsvFile) -> None:
        """Whether the import counted what is in the file."""
        event = self.heard.imports.get(import_id, {})
        counted = tuple(event.get(name) for name in ("rows_read", "inserted", "duplicates", "rejected"))
        if counted != (file.rows, file.inserted, file.duplicates, file.rejected):
            self.missing.append(f"{file.name} was counted as {counted}, not as it is")

    async def _ask(self, producer: AIOKafkaProducer, name: str, asks: Sequence[Ask]) -> None:
        """Send records, and wait until each is answered."""
        before = len(self.asked)
        self.asked += asks
        await self._send(producer, asks)
        await self._until(name, len(asks), lambda: self.heard.answered(self.asked) - before)

    async def _send(self, producer: AIOKafkaProducer, asks: Iterable[Ask]) -> None:
        topics = Topics(self.settings.topics.prefix)
        sent = [
            await producer.send(topics.prefix + ask.topic, ask.value, key=ask.key, headers=list(ask.headers))
            for ask in asks
        ]
        await asyncio.gather(*sent)

    async def _expiries(self) -> list[Fields]:
        """Wait for the end of what was left to expire; some of it, to be asked for again."""
        left = {name: result for name, result in self.heard.reserved.items() if name.startswith(SHORT)}
        await self._until("reservations left to expire", len(left), lambda: len(self.heard.expired & left.keys()))
        return [left[name] for name in sorted(left)[:LATE_MAX]]

    async def _until(self, name: str, wanted: int, reached: Callable[[], int]) -> None:
        """Wait until so many are reached, while every role runs; or note what is missing."""
        step = self.screen.step(name, wanted)
        deadline_s = monotonic() + WAIT_LIMIT_S + wanted / REQUESTS_PER_S_MIN
        while (done := reached()) < wanted:
            self.check()
            step.reached(max(0, done))
            if monotonic() > deadline_s:
                self.missing.append(f"{name}: {wanted - done} of {wanted} did not come in time")
                return
            await asyncio.sleep(POLL_S)
        step.done()


async def make_bucket(s3: "S3Client", bucket: str) -> None:
    """Make it, unless it is there."""
    if bucket not in [one.get("Name") for one in (await s3.list_buckets())["Buckets"]]:
        await s3.create_bucket(Bucket=bucket)


async def content(s3: "S3Client", address: str) -> str:
    """An object's text. `address` is `s3://bucket/key`."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    answer = await s3.get_object(Bucket=bucket, Key=key)
    async with answer["Body"] as body:
        return (await body.read()).decode()
