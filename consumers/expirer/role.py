"""The expirer: overdue reservations become release requests.

In:       held reservations whose time is over.
Out:      `release.requests.v1`, one request per reservation and attempt.
Promise:  it moves nothing itself: an expiry goes the way of any release, so any number of expirers may run, and
          killing one in the middle does no harm. None is asked for before every assign that was asked in time is
          decided, and none again before the workers have decided it: see
          docs/decisions/0011-expiry-waits-for-assigns.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.expirer.assigns_watermark import AssignsWatermark
from consumers.expirer.release_progress import ReleaseProgress
from consumers.expirer.share import ExpiryShare
from consumers.loop.prefetch import Stopped, unless_stopped
from consumers.loop.retry import RetryPolicy
from handlers.expiry import Asked, Overdue, attempt_of, expiry_of, may_ask
from producers.emitters import EMIT_PATIENCE_S, idempotent_producer
from producers.sending import Unsent, deliver, places
from schemas.errors import BrokerUnavailable
from schemas.observation.fact import Observer
from schemas.observation.partitions import LoopTurned, PartAvailable, PartitionsAssigned
from schemas.observation.requests import ExpiriesRequested
from schemas.records import OutgoingRecord
from schemas.settings import ExpirerSettings
from schemas.topics import RELEASE, Topics

LOOP: Final = ("expirer", 0)
"""What health and metrics call its loop, which no group gives it."""
LOOK_BACK: Final = timedelta(seconds=5)
"""A reservation may be written a while after its end was set: each look goes back so far behind the last one. What is
written later still is found by the look at all, `again_after_s` apart. More would be read again and again when very
many end at once."""
OLDEST_EVERY: Final = timedelta(seconds=5)
"""How old the metric of the oldest overdue hold may be."""


@dataclass(frozen=True, slots=True)
class KafkaView:
    """What an expirer must know of Kafka to ask for the right ones."""

    watermark: AssignsWatermark
    progress: ReleaseProgress
    share: ExpiryShare


class Span(NamedTuple):
    """The ends that one look covers."""

    since: datetime | None
    """None: all that ever ended."""
    until: datetime
    at_all: bool
    """Whether it finds each hold of the share that is overdue until then."""


class Sent(NamedTuple):
    """What one look asked for."""

    first: int
    again: int


Ask = tuple[Overdue, int]
"""A hold and the attempt to ask for it under."""
OpenView = Callable[[], AbstractAsyncContextManager[KafkaView]]


class FindsOverdue(Protocol):
    """Where overdue reservations are found; see `stores.mongo.overdue`."""

    async def oldest(self, *, since: datetime | None, until: datetime) -> datetime | None:
        """The first end from `since` (None: ever) to `until` of one that is still held, if there is one."""

    def pages(self, *, since: datetime | None, until: datetime, size: int) -> AsyncIterator[list[Overdue]]:
        """Those that ended from `since` (None: ever) to `until`, in that order."""


class Expirer:
    """Lives as long as its role. What it remembers only spares repetitions; losing it does no harm."""

    def __init__(
        self,
        overdue: FindsOverdue,
        open_view: OpenView,
        topics: Topics,
        settings: ExpirerSettings,
        observer: Observer,
        patience_s: float = EMIT_PATIENCE_S,
    ) -> None:
        self._overdue = overdue
        self._open_view = open_view
        self._topic = topics.full(RELEASE)
        self._settings = settings
        self._observer = observer
        self._patience_s = patience_s
        self._asked: dict[str, Asked] = {}
        self._margin = timedelta(milliseconds=settings.clock_margin_ms)
        """An expiry is judged by the broker's clock: asked for too early it would be refused, and wait for its next
        attempt. An assign that nobody can read yet may be older than this moment by as much."""
        self._looked_until: datetime | None = None
        self._looked_at_all: datetime | None = None
        self._generation: int | None = None
        """Of the share that was looked at in full; none yet of this connection's."""
        self._oldest: datetime | None = None
        self._oldest_seen_at: datetime | None = None

    async def run(self, connection: Mapping[str, Any], backoff_max_s: float, stopping: asyncio.Event) -> None:
        """Look, request releases and wait, again and again until `stopping` is set; retry what is unavailable.

        A look may be cancelled in its middle: what it requested is sent, and requesting it again does no harm.
        """
        self._observer.observe(PartitionsAssigned(frozenset({LOOP})))

        async def connected() -> None:
            try:
                async with idempotent_producer(connection) as producer, self._open_view() as view:
                    self._observer.observe(PartAvailable("kafka"))
                    self._generation = None
                    await self._turn(producer, view, backoff_max_s)
            except KafkaError as why:
                said = why if isinstance(why, Unsent) else type(why).__name__
                raise BrokerUnavailable(f"Kafka: {said}") from None

        work = RetryPolicy("kafka", self._observer, backoff_max_s).run(connected)
        with suppress(Stopped):
            await unless_stopped(work, stopping)

    async def _turn(self, producer: AIOKafkaProducer, view: KafkaView, backoff_max_s: float) -> NoReturn:
        async def look() -> None:
            await self.look(producer, view, datetime.now(UTC))

        retries = RetryPolicy("mongo", self._observer, backoff_max_s)
        while True:
            await retries.run(look)
            await view.share.stay()
            self._observer.observe(LoopTurned(*LOOP))
            await asyncio.sleep(self._settings.interval_ms / 1000)

    async def look(self, producer: AIOKafkaProducer, view: KafkaView, now: datetime) -> None:
        """Request the release of what is overdue at `now`, unless a request for it is not decided yet."""
        over_at = now - self._margin
        generation = view.share.generation
        at_all = generation != self._generation or self._is_time_for_all(now)
        since = None if at_all or self._looked_until is None else self._looked_until - LOOK_BACK
        undecided, asked = None, Sent(0, 0)
        until = over_at
        # The order of the reads is what keeps an assign in time from losing. An assign that may still win a hold that
        # ended before `until` is older than `over_at`, so the broker had it before this look began. The watermark is
        # read after that and before the pages: it either sees this assign waiting, and then `until` is earlier than
        # the hold's end, or the assign is decided. A hold that commits after the watermark was read is no exception:
        # its end is bounded by the same `until`. So no page is read whose end no watermark has bounded: where
        # nothing was overdue, a hold that has committed since is left to the next look.
        if await self._overdue.oldest(since=since, until=over_at) is not None:
            undecided = await view.watermark.undecided_since()
            until = over_at if undecided is None else min(over_at, undecided - self._margin)
            asked = await self._ask_for_all(producer, view, Span(since, until, at_all=at_all), now)
        elif at_all:
            self._asked.clear()
        self._looked_until, self._looked_at_all = until, now if at_all else self._looked_at_all
        self._generation = generation
        oldest = await self._oldest_at_all(over_at, now)
        self._observer.observe(
            ExpiriesRequested(asked.first, asked.again, seconds_since(oldest, now), seconds_since(undecided, now))
        )

    async def _ask_for_all(self, producer: AIOKafkaProducer, view: KafkaView, span: Span, now: datetime) -> Sent:
        # Read before the pages: see `may_ask`. What a look at all has not found is not held any more.
        decided = await self._decided(view) if span.at_all else None
        found: set[str] = set()
        first = again = 0
        async for page in self._overdue.pages(since=span.since, until=span.until, size=self._settings.batch_size_max):
            mine = [hold for hold in page if view.share.has(hold.reservation_id)]
            found.update(hold.reservation_id for hold in mine)
            asks = self._asks(mine, decided, now)
            repeats = sum(hold.reservation_id in self._asked for hold, _ in asks)
            await self._ask(producer, asks, now)
            first, again = first + len(asks) - repeats, again + repeats
        if span.at_all:
            self._asked = {name: asked for name, asked in self._asked.items() if name in found}
        return Sent(first, again)

    async def _oldest_at_all(self, until: datetime, now: datetime) -> datetime | None:
        """For the metric; not at each look: some servers find the first of many only by looking at them all."""
        if self._oldest_seen_at is None or now - self._oldest_seen_at >= OLDEST_EVERY:
            self._oldest = await self._overdue.oldest(since=None, until=until)
            self._oldest_seen_at = now
        return self._oldest

    def _is_time_for_all(self, now: datetime) -> bool:
        again = timedelta(seconds=self._settings.again_after_s)
        return self._looked_at_all is None or now - self._looked_at_all >= again

    async def _decided(self, view: KafkaView) -> Mapping[int, int]:
        """How far the workers are where something was asked; nothing is read while nothing is."""
        partitions = frozenset(asked.partition for asked in self._asked.values())
        return await view.progress.decided(partitions) if partitions else {}

    def _asks(self, page: Sequence[Overdue], decided: Mapping[int, int] | None, now: datetime) -> list[Ask]:
        """What of a page to ask for, under which attempt; nothing again if `decided` is not known."""
        asks = []
        for hold in page:
            asked = self._asked.get(hold.reservation_id)
            attempt = attempt_of(hold, now, self._settings.again_after_s)
            if asked is None or (decided is not None and may_ask(attempt, asked, decided, now)):
                asks.append((hold, attempt))
        return asks

    async def _ask(self, producer: AIOKafkaProducer, asks: Sequence[Ask], now: datetime) -> None:
        """Remembered page by page: a look that is cancelled in its middle does not repeat its beginning.

        Raises:
            Unsent: the topic takes nothing. Without a limit a topic that was deleted would hold up the look for ever.
        """
        records = [self._record(hold, attempt) for hold, attempt in asks]
        sent = await deliver(producer, records, self._patience_s)
        for (hold, attempt), metadata in zip(asks, places(sent), strict=True):
            self._asked[hold.reservation_id] = Asked(attempt, now, metadata.partition, metadata.offset)

    def _record(self, hold: Overdue, attempt: int) -> OutgoingRecord:
        request = expiry_of(hold, attempt).model_dump_json(exclude_none=True)
        return OutgoingRecord(self._topic, hold.fan_id.encode(), request.encode(), headers=())


def seconds_since(instant: datetime | None, now: datetime) -> float:
    """How long ago it was; 0 if it never was, or another clock has it in the future."""
    return 0.0 if instant is None else max(0.0, (now - instant).total_seconds())
