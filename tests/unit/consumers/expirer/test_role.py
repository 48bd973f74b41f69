"""What the expirer asks for, when, and whose."""

from datetime import timedelta

import pytest

from consumers.expirer.role import OLDEST_EVERY
from producers.sending import Unsent
from schemas.errors import StoreUnavailable
from schemas.observation.requests import ExpiriesRequested
from tests.fakes.builders import NOW
from tests.fakes.expiry import MARGIN, ExpiryScene, ids

SECOND = timedelta(seconds=1)


@pytest.fixture
def scene() -> ExpiryScene:
    """Nothing held, no assign waits."""
    return ExpiryScene()


async def test_what_is_over_is_asked_for_once(scene: ExpiryScene) -> None:
    """In the order of its end, over several pages; what is not over is left, and nothing is asked for twice."""
    scene.holds.held = {"c": NOW, "a": NOW - SECOND, "b": NOW - SECOND, "later": NOW + 5 * SECOND}

    assert ids("abc") == await scene.look(NOW + SECOND)
    assert [] == await scene.look(NOW + 2 * SECOND)


async def test_an_end_is_believed_only_when_all_clocks_must_have_passed_it(scene: ExpiryScene) -> None:
    """The broker's clock may be behind this one."""
    scene.holds.held = {"a": NOW}

    assert [] == await scene.look(NOW + MARGIN / 2)
    assert ids("a") == await scene.look(NOW + MARGIN)


async def test_nothing_is_asked_for_before_every_assign_in_time_is_decided(scene: ExpiryScene) -> None:
    """Only what ended before the oldest undecided assign; the rest as soon as that is decided."""
    scene.holds.held = {"a": NOW - 9 * SECOND, "b": NOW - 5 * SECOND, "c": NOW}
    scene.assigns.undecided = NOW - 4 * SECOND

    assert ids("ab") == await scene.look(NOW + SECOND)
    scene.assigns.undecided = NOW - 2 * SECOND
    assert [] == await scene.look(NOW + 2 * SECOND)
    scene.assigns.undecided = None
    assert ids("c") == await scene.look(NOW + 3 * SECOND)


async def test_an_assign_much_after_the_end_holds_nothing_back(scene: ExpiryScene) -> None:
    """It is refused anyway; one within the clocks' difference is waited for."""
    scene.holds.held = {"a": NOW}
    scene.assigns.undecided = NOW + MARGIN / 2

    assert [] == await scene.look(NOW + SECOND)
    scene.assigns.undecided = NOW + MARGIN
    assert ids("a") == await scene.look(NOW + 2 * SECOND)


async def test_the_oldest_overdue_and_what_holds_back_are_observed(scene: ExpiryScene) -> None:
    """In seconds; the overdue one also while it is held back."""
    scene.holds.held = {"a": NOW - 9 * SECOND}
    scene.assigns.undecided = NOW - 10 * SECOND
    await scene.look(NOW)
    scene.assigns.undecided = NOW + SECOND
    await scene.look(NOW)
    scene.holds.held.clear()
    await scene.look(NOW + OLDEST_EVERY)

    assert [
        ExpiriesRequested(0, 0, 9.0, 10.0),
        ExpiriesRequested(1, 0, 9.0, 0.0),
        ExpiriesRequested(0, 0, 0.0, 0.0),
    ] == scene.observer.of(ExpiriesRequested)


async def test_the_oldest_overdue_is_not_looked_for_at_each_look(scene: ExpiryScene) -> None:
    """It grows older meanwhile, whatever becomes of it."""
    scene.holds.held = {"a": NOW - 9 * SECOND}
    await scene.look(NOW)
    scene.holds.held.clear()
    await scene.look(NOW + SECOND)

    assert ExpiriesRequested(0, 0, 10.0, 0.0) == scene.observer.of(ExpiriesRequested)[-1]


async def test_holds_that_were_asked_for_are_not_read_again_and_again(scene: ExpiryScene) -> None:
    """Very many may end at once, and be released only little by little."""
    scene.holds.held = {f"h-{number:03}": NOW for number in range(100)}
    asked = await scene.look(NOW + SECOND)
    for seconds in range(10, 50):
        asked += await scene.look(NOW + seconds * SECOND)

    assert ids(sorted(scene.holds.held)) == asked
    assert 200 == scene.holds.read  # once more, for those that were written late


async def test_the_assigns_are_looked_at_only_while_something_is_overdue(scene: ExpiryScene) -> None:
    """An idle expirer asks Kafka nothing."""
    scene.holds.held = {"later": NOW + 60 * SECOND}
    await scene.look(NOW)

    assert 0 == scene.assigns.asked


async def test_a_hold_that_commits_during_a_look_bypasses_no_assign(scene: ExpiryScene) -> None:
    """Nothing was overdue when the look began; an assign that was asked in time for this hold waits undecided."""
    scene.holds.committing = {"short": NOW}
    scene.assigns.undecided = NOW - SECOND / 10

    assert [] == await scene.look(NOW + SECOND)
    assert [] == await scene.look(NOW + 2 * SECOND)
    scene.assigns.undecided = None
    assert ids(["short"]) == await scene.look(NOW + 3 * SECOND)


async def test_a_hold_that_commits_while_others_are_overdue_bypasses_no_assign(scene: ExpiryScene) -> None:
    """It ends after the bound that the watermark gave, whenever it is written."""
    scene.holds.held = {"old": NOW - 9 * SECOND}
    scene.holds.committing = {"short": NOW}
    scene.assigns.undecided = NOW - SECOND / 10

    assert ids(["old"]) == await scene.look(NOW + SECOND)
    scene.assigns.undecided = None
    assert ids(["short"]) == await scene.look(NOW + 2 * SECOND)


async def test_a_hold_written_after_its_end_is_found(scene: ExpiryScene) -> None:
    """Its transaction may take longer than its time to live."""
    scene.holds.held = {"a": NOW}
    await scene.look(NOW + SECOND)
    scene.holds.held["late"] = NOW - SECOND

    assert ids(["late"]) == await scene.look(NOW + 2 * SECOND)


async def test_a_topic_that_takes_nothing_does_not_hold_up_the_look_for_ever(scene: ExpiryScene) -> None:
    """It was deleted, and the client does not know it yet. The error names it, and nothing counts as asked."""
    scene.holds.held = {"a": NOW}
    scene.producer.is_silent = True
    with pytest.raises(Unsent, match=r"release\.requests\.v1"):
        await scene.look(NOW + SECOND)
    scene.producer.is_silent, scene.producer.is_known = False, True
    scene.producer.sent.clear()

    assert ids("a") == await scene.look(NOW + 2 * SECOND)


async def test_another_expirers_share_is_left_to_it(scene: ExpiryScene) -> None:
    """And asked for as soon as it is this one's: the other may have died before it asked."""
    scene.holds.held = {"a": NOW, "b": NOW}
    scene.share.others = {"b"}

    assert ids("a") == await scene.look(NOW + SECOND)
    scene.share.others = set()
    scene.share.generation += 1
    assert ids("b") == await scene.look(NOW + 30 * SECOND)


async def test_a_new_share_is_looked_at_in_full_even_if_the_first_look_fails(scene: ExpiryScene) -> None:
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
