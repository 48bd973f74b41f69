"""An expirer on test doubles: holds, assigns, workers and a producer that a test controls.

Out: `ExpiryScene`, whose `look` returns the releases that one look requests; its parts.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson

from consumers.expirer.role import Expirer, KafkaView
from handlers.expiry import Overdue
from schemas.errors import StoreUnavailable
from schemas.settings import ExpirerSettings
from tests.fakes.builders import CAMPAIGN, FAN, TOPICS
from tests.fakes.observer import ObservedFacts

SETTINGS = ExpirerSettings(batch_size_max=2, again_after_s=60)
"""With small pages."""
MARGIN = timedelta(milliseconds=SETTINGS.clock_margin_ms)


PATIENCE_S = 0.05
PARTITIONS = {0}


class Metadata(NamedTuple):
    """The partition and offset of a sent record."""

    partition: int
    offset: int


@dataclass(slots=True)
class Holds:
    """Held reservations in memory; implements `FindsOverdue`."""

    held: dict[str, datetime] = field(default_factory=dict)
    read: int = 0
    committing: dict[str, datetime] = field(default_factory=dict)
    """Holds whose transaction commits right after the next `oldest`."""
    failures: int = 0
    """Number of next looks that fail."""
    fails_after: int | None = None
    """Pages after which the next look fails."""

    async def oldest(self, *, since: datetime | None, until: datetime) -> datetime | None:
        """See `FindsOverdue.oldest`."""
        found = self._oldest(since, until)
        self.held |= self.committing
        self.committing = {}
        return found

    def _oldest(self, since: datetime | None, until: datetime) -> datetime | None:
        return min((end for end in self.held.values() if (since or end) <= end <= until), default=None)

    async def pages(self, *, since: datetime | None, until: datetime, size: int) -> AsyncIterator[list[Overdue]]:
        """See `FindsOverdue.pages`."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("arranged")
        ended = [(end, name) for name, end in self.held.items() if (since or end) <= end <= until]
        found = [Overdue(name, CAMPAIGN, FAN, end) for end, name in sorted(ended)]
        self.read += len(found)
        for number, start in enumerate(range(0, len(found), size)):
            if number == self.fails_after:
                self.fails_after = None
                raise StoreUnavailable("arranged")
            yield found[start : start + size]


@dataclass(slots=True)
class Assigns:
    """The assigns' watermark, set by the test; implements `AssignsWatermark`."""

    undecided: datetime | None = None
    asked: int = 0

    async def undecided_since(self) -> datetime | None:
        """See `AssignsWatermark.undecided_since`."""
        self.asked += 1
        return self.undecided


@dataclass(slots=True)
class Share:
    """All reservations but those of others; implements `ExpiryShare`."""

    generation: int = 1
    others: set[str] = field(default_factory=set)

    def has(self, reservation_id: str) -> bool:
        """See `ExpiryShare.has`."""
        return reservation_id not in self.others

    async def stay(self) -> None:
        """Never leaves the group."""


@dataclass(slots=True)
class Workers:
    """The decided releases; implements `ReleaseProgress`."""

    decided_until: int | None = 0
    """The offset; None: unknown."""
    read: int = 0

    async def decided(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """See `ReleaseProgress.decided`."""
        self.read += 1
        return {} if self.decided_until is None else dict.fromkeys(partitions, self.decided_until)


@dataclass(slots=True)
class Batch:
    """Records of one partition; it is never full."""

    values: list[dict[str, Any]] = field(default_factory=list)

    def append(self, *, value: bytes, **_: Any) -> object:
        """Add a record; None would say that the batch is full."""
        self.values.append(orjson.loads(value))
        return self.values

    def close(self) -> None:
        """Take no more."""


@dataclass(slots=True)
class Producer:
    """The part of aiokafka's producer that an expirer calls; the topic has one partition."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    end: int = 0
    is_silent: bool = False
    """The broker neither accepts nor refuses: its topic was deleted."""
    is_known: bool = True
    """Whether the client believes that there is a topic."""
    _txn_manager: None = None

    _max_request_size: int = 1_000_000

    async def partitions_for(self, topic: str) -> set[int]:
        """The partitions of the release topic."""
        assert TOPICS.prefix + "release.requests.v1" == topic
        return PARTITIONS

    def create_batch(self) -> "Batch":
        """A batch for any partition."""
        return Batch()

    async def send_batch(self, batch: "Batch", _topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        """Take a batch, acknowledged at once."""
        self.sent += batch.values
        done: asyncio.Future[Metadata] = asyncio.get_running_loop().create_future()
        if not self.is_silent:
            done.set_result(Metadata(partition, self.end))
            self.end += len(batch.values)
        return done

    def _partitioner(self, _key: bytes, all_: Sequence[int], _available: Sequence[int]) -> int:
        return all_[0]

    @property
    def client(self) -> Any:
        """A client whose fresh metadata lacks a topic that was deleted."""
        cluster = SimpleNamespace(
            partitions_for_topic=lambda _topic: PARTITIONS if self.is_known else None,
            available_partitions_for_topic=lambda _topic: PARTITIONS,
        )
        return SimpleNamespace(cluster=cluster, force_metadata_update=self._update_metadata)

    async def _update_metadata(self) -> None:
        self.is_known = not self.is_silent

    def ids(self) -> list[str]:
        """Ids of the requests since the last call."""
        found = [value["request_id"] for value in self.sent]
        self.sent.clear()
        return found


@dataclass(slots=True)
class ExpiryScene:
    """One expirer and its doubles."""

    holds: Holds = field(default_factory=Holds)
    assigns: Assigns = field(default_factory=Assigns)
    workers: Workers = field(default_factory=Workers)
    share: Share = field(default_factory=Share)
    producer: Producer = field(default_factory=Producer)
    observer: ObservedFacts = field(default_factory=ObservedFacts)
    expirer: Expirer = field(init=False)

    def __post_init__(self) -> None:
        """Start it."""
        self.restart()

    def restart(self) -> None:
        """A new process without memory."""
        self.expirer = Expirer(self.holds, self.not_opened, TOPICS, SETTINGS, self.observer, PATIENCE_S)

    def not_opened(self) -> AbstractAsyncContextManager[KafkaView]:
        """`look` passes it in."""
        raise AssertionError

    async def look(self, at: datetime) -> list[str]:
        """The releases that one look requests."""
        await self.expirer.look(self.producer, KafkaView(self.assigns, self.workers, self.share), at)
        return self.producer.ids()


def ids(names: Iterable[str], attempt: int = 1) -> list[str]:
    """Ids of the expirer's requests for these reservations."""
    return [f"expire:{name}:{attempt}" for name in names]
