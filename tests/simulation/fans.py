"""What senders do in a history: fans who reserve, take, give back and forget; uploads; records that nobody can read.

In:       the plan; where records are appended, and what a `read_committed` reader has seen.
Out:      `Senders.run`, which ends when everybody has the answers that they wait for.
Promise:  a sender whose record is not acknowledged sends it again; one whose answer does not come sends the same
          request again. Nothing else is done to get an answer.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Protocol
from zlib import crc32

from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE
from tests.simulation.plan import Fan, Noise, Plan, Upload
from tests.simulation.reader import Reader
from tests.simulation.settings import BUCKET

IMPATIENT_S: Final = 20.0
"""After so long without an answer the same request is sent again."""
APPEND_AGAIN_S: Final = 0.7
GARBAGE: Final[Sequence[bytes | None]] = (
    None,
    b"",
    b"not json",
    b"\xff\xfe{",
    b'{"request_id": 7}',
    b'{"request_id": "noise", "campaign_id": "c-0", "fan_id": "f", "quantity": 0, "reservation_id": 7}',
)
"""What cannot be read; the last has a request id, so that it is answered with `invalid_request`."""
TOPICS: Final = (RESERVE.name, ASSIGN.name, RELEASE.name, IMPORT.name)


class Appends(Protocol):
    """Where senders' records go."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has at the moment; by its name without prefix."""

    async def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> bool:
        """Append a record; False: not acknowledged, and perhaps appended."""


@dataclass(eq=False, slots=True)
class Senders:
    """All senders of a history."""

    plan: Plan
    appends: Appends
    reader: Reader
    random: Random
    sent: int = 0
    """Records that senders wanted to append."""
    _seen_reservations: list[tuple[str, int]] = field(default_factory=list)
    """For those who take somebody else's: reservation and campaign."""

    async def run(self) -> None:
        """Send everything, and wait for the answers."""
        async with asyncio.TaskGroup() as tasks:
            for upload in self.plan.uploads:
                tasks.create_task(self._upload(upload))
            for fan in self.plan.fans:
                tasks.create_task(self._fan(fan))
            for noise in self.plan.noise:
                tasks.create_task(self._noise(noise))

    async def _upload(self, upload: Upload) -> None:
        await asyncio.sleep(upload.at_s)
        command = {
            "request_id": f"import-{upload.campaign}-{upload.first}",
            "campaign_id": f"c-{upload.campaign}",
            "bucket": BUCKET,
            "key": key_of(upload),
            "code_type": upload.code_type,
        }
        for _ in range(upload.times):
            await self._send(IMPORT.name, command["campaign_id"], command)
            await asyncio.sleep(self.random.uniform(0, 5))
        await self.reader.import_ended(command["request_id"])

    async def _noise(self, noise: Noise) -> None:
        await asyncio.sleep(noise.at_s)
        topic = TOPICS[noise.topic]
        await self._append(topic, b"noise", GARBAGE[noise.kind])

    async def _fan(self, fan: Fan) -> None:
        await asyncio.sleep(fan.at_s)
        campaign = f"c-{fan.campaign}"
        topic, request = first_request(fan)
        resending = [asyncio.create_task(self._later(after_s, topic, request)) for after_s in fan.resend_after_s]
        if fan.reuses_id:
            resending.append(asyncio.create_task(self._later(fan.pause_s, topic, {**request, "quantity": 9})))
        [answer] = await self._asked(topic, request)
        if answer["outcome"] == "reserved":
            await self._go_on(fan, campaign, answer["reservation_id"])
        for task in resending:
            await task

    async def _go_on(self, fan: Fan, campaign: str, reservation_id: str) -> None:
        if fan.course == "stranger" and self._seen_reservations:
            reservation_id, number = self.random.choice(self._seen_reservations)
            campaign = f"c-{number}"
        self._seen_reservations.append((reservation_id, fan.campaign))
        if fan.course == "expire":
            return
        await asyncio.sleep(fan.pause_s)
        topic = RELEASE.name if fan.course == "release" else ASSIGN.name
        request = {
            "request_id": f"r-{fan.number}-2",
            "campaign_id": campaign,
            "fan_id": f"fan-{fan.number}",
            "reservation_id": reservation_id,
        }
        await self._asked(topic, request)

    async def _later(self, after_s: float, topic: str, request: Mapping[str, Any]) -> None:
        await asyncio.sleep(after_s)
        await self._send(topic, request["fan_id"], request)

    async def _asked(self, topic: str, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Send it until it is answered; gives the first answer."""
        while True:
            await self._send(topic, request["fan_id"], request)
            try:
                async with asyncio.timeout(IMPATIENT_S):
                    return [await self.reader.answer(request["request_id"])]
            except TimeoutError:
                continue

    async def _send(self, topic: str, key: str, request: Mapping[str, Any]) -> None:
        await self._append(topic, key.encode(), json.dumps(request).encode())

    async def _append(self, topic: str, key: bytes, value: bytes | None) -> None:
        self.sent += 1
        while not await self.appends.append(  # noqa: ASYNC110  # on virtual time
            topic, crc32(key) % self.appends.partitions(topic), key, value
        ):
            await asyncio.sleep(APPEND_AGAIN_S)


def first_request(fan: Fan) -> tuple[str, dict[str, Any]]:
    """What a fan asks first, and where."""
    request = {
        "request_id": f"r-{fan.number}",
        "campaign_id": f"c-{fan.campaign}",
        "fan_id": f"fan-{fan.number}",
        "code_type": fan.code_type,
        "quantity": fan.quantity,
    }
    if fan.course == "straight":
        return ASSIGN.name, request
    return RESERVE.name, {**request, "ttl_s": fan.ttl_s}


def key_of(upload: Upload) -> str:
    """Where its file is."""
    return f"c-{upload.campaign}/{upload.first}.csv"


def file_of(upload: Upload) -> bytes:
    """Its rows; a row of two words is invalid."""
    rows = [
        "two words" if upload.invalid_every and number % upload.invalid_every == 1 else f"SECRET{number:05}"
        for number in range(upload.first, upload.first + upload.rows)
    ]
    return "\n".join(["code", *rows, ""]).encode()
