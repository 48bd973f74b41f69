"""The expirer: overdue reservations become release requests.

In:       held reservations whose time is over.
Out:      `release.requests.v1`, one request per reservation and attempt.
Promise:  it moves nothing itself: an expiry goes the way of any release, so any number of expirers may run, and
          killing one in the middle does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.observer import Observer
from consumers.waiting import wait_out
from handlers.expiry import Overdue, attempt_of, expiry_of
from producers.emitters import idempotent_producer, send_all
from schemas.errors import BrokerUnavailable, StoreUnavailable
from schemas.records import OutgoingRecord
from schemas.settings import ExpirerSettings
from schemas.topics import RELEASE, Topics

LOOP: Final = ("expirer", 0)
"""What health and metrics call its loop, which no group gives it."""
CLOCKS_APART: Final = timedelta(milliseconds=250)
"""An expiry is judged by the broker's clock; asked too early it would be refused and wait for its next attempt."""
LOOK_BACK: Final = timedelta(seconds=60)
"""A reservation may be written a while after its end was set: each look goes back so far behind the last one."""


class FindsOverdue(Protocol):
    """Where overdue reservations are found; see `stores.mongo.overdue`."""

    async def oldest(self, *, until: datetime) -> datetime | None:
        """The end of the one that is overdue for longest, if any is."""

    def pages(self, *, since: datetime | None, until: datetime, size: int) -> AsyncIterator[list[Overdue]]:
        """Those that ended from `since` (None: ever) to `until`, in that order."""


class Expirer:
    """Lives as long as its role. What it remembers only spares repetitions; losing it does no harm."""

    def __init__(self, overdue: FindsOverdue, topics: Topics, settings: ExpirerSettings, observer: Observer) -> None:
        self._overdue = overdue
        self._topic = topics.full(RELEASE)
        self._settings = settings
        self._observer = observer
        self._asked: dict[str, int] = {}
        self._looked_until: datetime | None = None
        self._looked_at_all: datetime | None = None

    async def run(self, connection: Mapping[str, Any], backoff_max_s: float, stopping: asyncio.Event) -> None:
        """Look, ask and wait, again and again until `stopping` is set. What is away is waited out."""
        self._observer.assigned(frozenset({LOOP}))

        async def connected() -> None:
            try:
                async with idempotent_producer(connection) as producer:
                    self._observer.answered("kafka")
                    await self._turn(producer, backoff_max_s, stopping)
            except KafkaError as why:
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None

        await wait_out(connected, "kafka", self._observer, away=BrokerUnavailable, backoff_max_s=backoff_max_s)

    async def _turn(self, producer: AIOKafkaProducer, backoff_max_s: float, stopping: asyncio.Event) -> None:
        async def look() -> None:
            await self.look(producer, datetime.now(UTC))

        while not stopping.is_set():
            await wait_out(look, "mongo", self._observer, away=StoreUnavailable, backoff_max_s=backoff_max_s)
            self._observer.turned(*LOOP)
            try:
                await asyncio.wait_for(stopping.wait(), self._settings.interval_ms / 1000)
            except TimeoutError:
                continue

    async def look(self, producer: AIOKafkaProducer, now: datetime) -> None:
        """Ask for the release of what is overdue at `now` and was not asked for yet, or too long ago."""
        until = now - CLOCKS_APART
        at_all = self._is_time_for_all(now)
        since = None if at_all or self._looked_until is None else self._looked_until - LOOK_BACK
        oldest = await self._overdue.oldest(until=until)
        seen: dict[str, int] = {}
        asked = 0
        pages = self._overdue.pages(since=since, until=until, size=self._settings.batch_size_max)
        async for page in pages:
            attempts = {one.reservation_id: attempt_of(one, now, self._settings.again_after_s) for one in page}
            asked += await self._ask(producer, page, attempts)
            seen |= attempts
        self._asked = seen if at_all else self._asked | seen
        self._looked_until, self._looked_at_all = until, now if at_all else self._looked_at_all
        self._observer.expiries_asked(asked, 0.0 if oldest is None else (now - oldest).total_seconds())

    def _is_time_for_all(self, now: datetime) -> bool:
        again = timedelta(seconds=self._settings.again_after_s)
        return self._looked_at_all is None or now - self._looked_at_all >= again

    async def _ask(self, producer: AIOKafkaProducer, page: Sequence[Overdue], attempts: Mapping[str, int]) -> int:
        records = [
            OutgoingRecord(
                self._topic,
                one.fan_id.encode(),
                expiry_of(one, attempts[one.reservation_id]).model_dump_json(exclude_none=True).encode(),
                headers=(),
            )
            for one in page
            if self._asked.get(one.reservation_id) != attempts[one.reservation_id]
        ]
        await send_all(producer, records)
        return len(records)
