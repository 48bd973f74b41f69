"""The demo's upstream program: uploads files, sends records, and reacts to the answers.

In:       settings of a migrated deployment whose roles run.
Out:      `Traffic`: the records sent and received, and what is missing.
Promise:  every wait has a limit; missing answers are reported, and the audit finds them.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaProducer

from cli.demo.files import CsvFile, large_file, small_file
from cli.demo.requests import SHORT, SPRING, VIP, RequestRecord, first_wave, second_wave, too_late
from cli.demo.screen import Screen
from cli.demo.watching import Received
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
"""Time limit for the answers of one wave, in addition to the time at `REQUESTS_PER_S_MIN`."""
REQUESTS_PER_S_MIN: Final = 100
POLL_S: Final = 0.1
VIP_PER_MILLE: Final = 20
"""Codes of the small campaign, per mille of all requests: fewer than are requested, so that they run out."""
LATE_MAX: Final = 20
LINGER_MS: Final = 5
REQUEST_BYTES_MAX: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    requests: int
    codes: int
    seed: int


@dataclass(slots=True)
class Traffic:
    """The traffic of one demo run."""

    settings: Settings
    size: Size
    received: Received
    screen: Screen
    check: Callable[[], None]
    """Raises if a role has ended."""
    bucket: str
    sent: list[RequestRecord] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Messages about answers that did not come in time."""

    async def run(self) -> None:
        """Import the files, send all waves, and wait for every answer."""
        chance = Random(self.size.seed)  # noqa: S311  # made-up traffic, not secrets
        producer = self._producer()
        async with running(producer):
            await self._import(producer, chance)
            first = first_wave(chance, self.size.requests)
            await self._send_and_wait(producer, "first requests", first)
            reserved = sorted(self.received.reserved.values(), key=lambda result: str(result["request_id"]))
            second = second_wave(chance, first, reserved, self.size.requests)
            await self._send_and_wait(producer, "follow-up requests", second)
            await self._send_and_wait(producer, "late assigns", too_late(await self._expiries()))

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
        await self._until("imports", len(commands), self.received.ended_imports)
        self._compare("import-spring", large)
        self._compare("import-vip", small)

    def _command(self, import_id: str, campaign_id: str, name: str) -> RequestRecord:
        command = ImportCommand(request_id=import_id, campaign_id=campaign_id, bucket=self.bucket, key=name)
        return RequestRecord(IMPORT.name, campaign_id.encode(), command.to_json(), import_id)

    async def _put(self, files: Iterable[CsvFile]) -> None:
        async with connected(self.settings.s3) as s3:
            with translated():
                await make_bucket(s3, self.bucket)
                for file in files:
                    await s3.put_object(Bucket=self.bucket, Key=file.name, Body=file.content)

    async def reject_reports(self) -> dict[str, str]:
        """The importer's reject reports, by address."""
        reports = {event["report"] for event in self.received.imports.values() if event["report"] is not None}
        async with connected(self.settings.s3) as s3:
            with translated():
                return {report: await content(s3, report) for report in sorted(reports)}

    def _compare(self, import_id: str, file: CsvFile) -> None:
        """Report an import whose counts differ from the file's."""
        event = self.received.imports.get(import_id, {})
        counted = tuple(event.get(name) for name in ("rows_read", "inserted", "duplicates", "rejected"))
        if counted != (file.rows, file.inserted, file.duplicates, file.rejected):
            self.missing.append(f"{file.name}: the import's counts {counted} differ from the file's")

    async def _send_and_wait(self, producer: AIOKafkaProducer, name: str, records: Sequence[RequestRecord]) -> None:
        """Send records, and wait until each is answered."""
        before = len(self.sent)
        self.sent += records
        await self._send(producer, records)
        await self._until(name, len(records), lambda: self.received.answered(self.sent) - before)

    async def _send(self, producer: AIOKafkaProducer, records: Iterable[RequestRecord]) -> None:
        topics = Topics(self.settings.topics.prefix)
        sent = [
            await producer.send(
                topics.prefix + record.topic, record.value, key=record.key, headers=list(record.headers)
            )
            for record in records
        ]
        await asyncio.gather(*sent)

    async def _expiries(self) -> list[Fields]:
        """Wait until the short reservations have expired. Returns some of them, to be requested again."""
        left = {name: result for name, result in self.received.reserved.items() if name.startswith(SHORT)}
        await self._until("reservations left to expire", len(left), lambda: len(self.received.expired & left.keys()))
        return [left[name] for name in sorted(left)[:LATE_MAX]]

    async def _until(self, name: str, wanted: int, reached: Callable[[], int]) -> None:
        """Wait until `wanted` are reached and every role runs; after the time limit, report what is missing."""
        step = self.screen.step(name, wanted)
        deadline_s = monotonic() + WAIT_LIMIT_S + wanted / REQUESTS_PER_S_MIN
        while (done := reached()) < wanted:
            self.check()
            step.reached(max(0, done))
            if monotonic() > deadline_s:
                self.missing.append(f"{name}: {wanted - done} of {wanted} missing after the time limit")
                return
            await asyncio.sleep(POLL_S)
        step.done()


async def make_bucket(s3: "S3Client", bucket: str) -> None:
    """Create the bucket unless it exists."""
    if bucket not in [listed.get("Name") for listed in (await s3.list_buckets())["Buckets"]]:
        await s3.create_bucket(Bucket=bucket)


async def content(s3: "S3Client", address: str) -> str:
    """The text of an object. `address` is `s3://bucket/key`."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    answer = await s3.get_object(Bucket=bucket, Key=key)
    async with answer["Body"] as body:
        return (await body.read()).decode()
