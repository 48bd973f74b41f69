"""How often the expirer asks for the same hold: while no worker runs, after restarts, for what no release ends."""

from collections import Counter
from datetime import timedelta

import pytest

from handlers.expiry import LOST_AFTER
from schemas.errors import StoreUnavailable
from schemas.observation.requests import ExpiriesRequested
from tests.fakes.builders import NOW
from tests.fakes.expiry import ExpiryScene, ids
from tests.fakes.time import Clock

SECOND = timedelta(seconds=1)
HOLDS = 50


@pytest.fixture
def scene() -> ExpiryScene:
    """Many holds that ended together, and workers who decide nothing."""
    scene = ExpiryScene()
    scene.holds.held = {f"h-{number:02}": NOW for number in range(HOLDS)}
    return scene


async def looks(scene: ExpiryScene, clock: Clock, seconds: int) -> Counter[str]:
    """How often each hold is asked for while so much time passes, looked at once a second."""
    asked: Counter[str] = Counter()
    for _ in range(seconds):
        clock.step(1)
        asked.update(request_id.split(":")[1] for request_id in await scene.look(clock()))
    return asked


async def test_ten_minutes_without_workers_cost_one_record_a_hold(scene: ExpiryScene) -> None:
    """And nothing more when they come back and decide them."""
    clock = Clock(NOW)
    without_workers = await looks(scene, clock, 600)
    scene.workers.decided_until = scene.producer.end
    scene.holds.held.clear()
    back = await looks(scene, clock, 120)

    assert dict.fromkeys(without_workers, 1) == without_workers
    assert HOLDS == len(without_workers)
    assert 0 == back.total()


async def test_each_restart_costs_at_most_one_record_a_hold(scene: ExpiryScene) -> None:
    """A new process does not know what was asked; by the same time it gives the same id."""
    clock = Clock(NOW)
    asked: Counter[str] = Counter()
    for _ in range(3):
        scene.restart()
        asked += await looks(scene, clock, 200)

    assert {3} == set(asked.values())


async def test_two_processes_give_the_same_id_at_the_same_time(scene: ExpiryScene) -> None:
    """Then the second request is a repeat, which the ledger answers."""
    first = await scene.look(NOW + 400 * SECOND)
    scene.restart()

    assert first == await scene.look(NOW + 410 * SECOND)


async def test_what_was_decided_and_is_still_held_is_asked_for_again(scene: ExpiryScene) -> None:
    """A refused release blocks nothing for good; what is not decided yet is not repeated."""
    await scene.look(NOW + SECOND)
    scene.workers.decided_until = 20

    assert [] == await scene.look(NOW + 59 * SECOND)
    assert ids(sorted(scene.holds.held)[:20], attempt=2) == await scene.look(NOW + 61 * SECOND)
    latest = scene.observer.of(ExpiriesRequested)[-1]
    assert (0, 20) == (latest.first, latest.again)


async def test_what_no_release_ends_is_asked_for_more_and_more_rarely(scene: ExpiryScene) -> None:
    """A reservation that does not fit its codes: its releases are decided, and it stays held."""
    scene.holds.held = {"broken": NOW}
    clock = Clock(NOW)
    asked = Counter[str]()
    for _ in range(24 * 60):
        scene.workers.decided_until = scene.producer.end
        clock.step(60)
        asked.update(await scene.look(clock()))

    assert {1} == set(asked.values())
    assert 24 < len(asked) < 32


async def test_where_nobody_says_how_far_workers_are_the_waits_grow(scene: ExpiryScene) -> None:
    """No right to read the group's offsets: 1, 2, 4 and 8 minutes apart instead of one each."""
    scene.workers.decided_until = None
    asked = await looks(scene, Clock(NOW), 900)

    assert {4} == set(asked.values())


async def test_a_request_that_is_lost_is_asked_for_again_after_a_day(scene: ExpiryScene) -> None:
    """The release topic was deleted and made anew: the workers will never pass what was asked."""
    await scene.look(NOW + SECOND)

    assert [] == await scene.look(NOW + LOST_AFTER)
    assert HOLDS == len(await scene.look(NOW + LOST_AFTER + 60 * SECOND))


async def test_a_look_that_fails_in_its_middle_asks_nothing_twice(scene: ExpiryScene) -> None:
    """MongoDB becomes unavailable after some pages; the holds in them were asked for."""
    scene.holds.fails_after = 10
    with pytest.raises(StoreUnavailable):
        await scene.look(NOW + SECOND)
    asked = Counter(scene.producer.ids())
    asked.update(await scene.look(NOW + 2 * SECOND))

    assert Counter(ids(scene.holds.held)) == asked


async def test_workers_are_looked_at_only_where_something_was_asked(scene: ExpiryScene) -> None:
    """And then only at the look at all."""
    clock = Clock(NOW)
    await looks(scene, clock, 59)
    assert 0 == scene.workers.read
    await looks(scene, clock, 2)

    assert 1 == scene.workers.read
