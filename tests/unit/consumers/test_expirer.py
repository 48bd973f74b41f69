"""What the expirer asks for, when, and under which attempt."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from consumers.expirer import CLOCKS_APART, OLDEST_EVERY, Expirer, KafkaView
from handlers.expiry import Overdue
from schemas.errors import StoreUnavailable
from schemas.settings import ExpirerSettings
from tests.fakes.builders import CAMPAIGN, FAN, NOW, TOPICS
from tests.fakes.observer import RememberingObserver

SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Holds:
    """Held reservations in memory; implements `FindsOverdue`."""

    held: dict[str, datetime] = field(default_factory=dict)
    read: int = 0
    failures: int = 0
    """Looks that fail, from now on."""

    async def oldest(self, *, since: datetime | None, until: datetime) -> datetime | None:
        """See `FindsOverdue.oldest`."""
        return min((end for end in self.held.values() if (since or end) <= end <= until), default=None)

    async def pages(self, *, since: datetime | None, until: datetime, size: int) -> AsyncIterator[list[Overdue]]:
        """See `FindsOverdue.pages`."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("away")
        ended = [(end, name) for name, end in self.held.items() if (since or end) <= end <= until]
        found = [Overdue(name, CAMPAIGN, FAN, end) for end, name in sorted(ended)]
        self.read += len(found)
        for start in range(0, len(found), size):
            yield found[start : start + size]


@dataclass(slots=True)
class Assigns:
    """The assigns' watermark, set by hand; implements `AssignsWatermark`."""

    undecided: datetime | None = None
    asked: int = 0

    async def undecided_since(self) -> datetime | None:
        """See `AssignsWatermark.undecided_since`."""
        self.asked += 1
        return self.undecided


@dataclass(slots=True)
class Share:
    """A share that is named; implements `ExpiryShare`."""

    generation: int = 1
    others: set[str] = field(default_factory=set)

    def has(self, reservation_id: str) -> bool:
        """See `ExpiryShare.has`."""
        return reservation_id not in self.others

    async def stay(self) -> None:
        """Nobody puts it out."""


@dataclass(slots=True)
class Producer:
    """As much of aiokafka's producer as an expirer uses."""

    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, topic: str, *, value: bytes, **_: Any) -> asyncio.Future[None]:
        """Take a record; the broker has it at once."""
        assert TOPICS.prefix + "release.requests.v1" == topic
        self.sent.append(orjson.loads(value))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def ids(self) -> list[str]:
        """Of the requests since the last call."""
        found = [value["request_id"] for value in self.sent]
        self.sent.clear()
        return found


@dataclass(slots=True)
class Scene:
    """One expirer and what is around it."""

    holds: Holds = field(default_factory=Holds)
    assigns: Assigns = field(default_factory=Assigns)
    share: Share = field(default_factory=Share)
    producer: Producer = field(default_factory=Producer)
    observer: RememberingObserver = field(default_factory=RememberingObserver)
    expirer: Expirer = field(init=False)

    def __post_init__(self) -> None:
        """Settings with small pages."""
        settings = ExpirerSettings(batch_size_max=2, again_after_s=60)
        self.expirer = Expirer(self.holds, self.not_opened, TOPICS, settings, self.observer)

    def not_opened(self) -> AbstractAsyncContextManager[KafkaView]:
        """`look` is given it."""
        raise AssertionError

    async def look(self, at: datetime) -> list[str]:
        """What one look asks for."""
        await self.expirer.look(self.producer, KafkaView(self.assigns, self.share), at)
        return self.producer.ids()


@pytest.fixture
def scene() -> Scene:
    """Nothing held, no assign waits."""
    return Scene()


def ids(names: Iterable[str], attempt: int = 1) -> list[str]:
    """Of the expirer's requests for these reservations."""
    return [f"expire:{name}:{attempt}" for name in names]


async def test_what_is_over_is_asked_for_once(scene: Scene) -> None:
    """In the order of its end, over several pages; what is not over is left, and nothing is asked for twice."""
    scene.holds.held = {"c": NOW, "a": NOW - SECOND, "b": NOW - SECOND, "later": NOW + 5 * SECOND}

    assert ids("abc") == await scene.look(NOW + SECOND)
    assert [] == await scene.look(NOW + 2 * SECOND)


async def test_an_end_is_believed_only_when_all_clocks_must_have_passed_it(scene: Scene) -> None:
    """The broker's clock may be behind this one."""
    scene.holds.held = {"a": NOW}

    assert [] == await scene.look(NOW + CLOCKS_APART / 2)
    assert ids("a") == await scene.look(NOW + CLOCKS_APART)


async def test_nothing_is_asked_for_before_every_assign_in_time_is_decided(scene: Scene) -> None:
    """Only what ended before the oldest undecided assign; the rest as soon as that is decided."""
    scene.holds.held = {"a": NOW - 9 * SECOND, "b": NOW - 5 * SECOND, "c": NOW}
    scene.assigns.undecided = NOW - 4 * SECOND

    assert ids("ab") == await scene.look(NOW + SECOND)
    scene.assigns.undecided = NOW - 2 * SECOND
    assert [] == await scene.look(NOW + 2 * SECOND)
    scene.assigns.undecided = None
    assert ids("c") == await scene.look(NOW + 3 * SECOND)


async def test_an_assign_much_after_the_end_holds_nothing_back(scene: Scene) -> None:
    """It is refused anyway; one within the clocks' difference is waited for."""
    scene.holds.held = {"a": NOW}
    scene.assigns.undecided = NOW + CLOCKS_APART / 2

    assert [] == await scene.look(NOW + SECOND)
    scene.assigns.undecided = NOW + CLOCKS_APART
    assert ids("a") == await scene.look(NOW + 2 * SECOND)


async def test_the_oldest_overdue_and_what_holds_back_are_told(scene: Scene) -> None:
    """In seconds; the overdue one also while it is held back."""
    scene.holds.held = {"a": NOW - 9 * SECOND}
    scene.assigns.undecided = NOW - 10 * SECOND
    await scene.look(NOW)
    scene.assigns.undecided = NOW + SECOND
    await scene.look(NOW)
    scene.holds.held.clear()
    await scene.look(NOW + OLDEST_EVERY)

    assert [(0, 9.0, 10.0), (1, 9.0, 0.0), (0, 0.0, 0.0)] == scene.observer.expiries


async def test_the_oldest_overdue_is_not_looked_for_at_each_look(scene: Scene) -> None:
    """It grows older meanwhile, whatever becomes of it."""
    scene.holds.held = {"a": NOW - 9 * SECOND}
    await scene.look(NOW)
    scene.holds.held.clear()
    await scene.look(NOW + SECOND)

    assert (0, 10.0, 0.0) == scene.observer.expiries[-1]


async def test_holds_that_were_asked_for_are_not_read_again_and_again(scene: Scene) -> None:
    """Very many may end at once, and be released only little by little."""
    scene.holds.held = {f"h-{number:03}": NOW for number in range(100)}
    asked = await scene.look(NOW + SECOND)
    for seconds in range(10, 50):
        asked += await scene.look(NOW + seconds * SECOND)

    assert ids(sorted(scene.holds.held)) == asked
    assert 200 == scene.holds.read  # once more, for those that were written late


async def test_the_assigns_are_looked_at_only_while_something_is_overdue(scene: Scene) -> None:
    """An idle expirer asks Kafka nothing."""
    scene.holds.held = {"later": NOW + 60 * SECOND}
    await scene.look(NOW)

    assert 0 == scene.assigns.asked


async def test_what_is_still_held_is_asked_for_again_under_the_next_attempt(scene: Scene) -> None:
    """A lost or refused release blocks nothing for good."""
    scene.holds.held = {"a": NOW}
    await scene.look(NOW + SECOND)

    assert [] == await scene.look(NOW + 59 * SECOND)
    assert ids("a", attempt=2) == await scene.look(NOW + 61 * SECOND)


async def test_a_hold_written_after_its_end_is_found(scene: Scene) -> None:
    """Its transaction may take longer than its time to live."""
    scene.holds.held = {"a": NOW}
    await scene.look(NOW + SECOND)
    scene.holds.held["late"] = NOW - SECOND

    assert ids(["late"]) == await scene.look(NOW + 2 * SECOND)


async def test_another_expirers_share_is_left_to_it(scene: Scene) -> None:
    """And asked for as soon as it is this one's: the other may have died before it asked."""
    scene.holds.held = {"a": NOW, "b": NOW}
    scene.share.others = {"b"}

    assert ids("a") == await scene.look(NOW + SECOND)
    scene.share.others = set()
    scene.share.generation += 1
    assert ids("b") == await scene.look(NOW + 30 * SECOND)


async def test_a_new_share_is_looked_at_in_full_even_if_the_first_look_fails(scene: Scene) -> None:
    """Its holds may have ended long before the last look."""
    scene.holds.held = {"a": NOW, "b": NOW}
    scene.share.others = {"b"}
    await scene.look(NOW + SECOND)
    scene.share.others = set()
    scene.share.generation += 1
    scene.holds.failures = 1

    with pytest.raises(StoreUnavailable):
        await scene.look(NOW + 30 * SECOND)
    assert ids("b") == await scene.look(NOW + 31 * SECOND)
