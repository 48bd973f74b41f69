"""Failpoints: read from one setting, acting once, at the n-th time."""

import os
import signal

import pytest

from consumers.loop.failpoints import POINTS, Failpoint, failpoint_from
from schemas.errors import SettingsInvalid


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Signals that would have been sent."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def test_without_a_setting_nothing_ever_happens(sent: list[tuple[int, int]]) -> None:
    """No point has no name."""
    none = failpoint_from(None)
    for point in POINTS:
        none.reached(point)  # type: ignore[arg-type]  # a point by its name

    assert [] == sent


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("action", "number"), [("kill", signal.SIGKILL), ("stop", signal.SIGSTOP)])
def test_every_point_can_kill_and_stop(
    point: str, action: str, number: signal.Signals, sent: list[tuple[int, int]]
) -> None:
    """This very process, and once."""
    failpoint = failpoint_from(f"{point}:{action}")
    for _ in range(3):
        failpoint.reached(point)  # type: ignore[arg-type]  # a point by its name

    assert [(os.getpid(), number)] == sent


def test_it_acts_at_the_nth_time(sent: list[tuple[int, int]]) -> None:
    """Other points do not count."""
    failpoint = failpoint_from("after_apply:kill:3")
    assert Failpoint("after_apply", signal.SIGKILL, 3) == failpoint
    failpoint.reached("before_apply")
    failpoint.reached("after_apply")
    failpoint.reached("after_apply")
    assert [] == sent

    failpoint.reached("after_apply")

    assert 1 == len(sent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kill",
        "after_apply",
        "after_apply:",
        "after_apply:hang",
        "nowhere:kill",
        "after_apply:kill:",
        "after_apply:kill:0",
        "after_apply:kill:x",
        "after_apply:kill:-1",
        "after_apply:kill:²",
        "after_apply:kill:1:2",
        "after_apply:kill\n",
    ],
)
def test_anything_else_ends_the_start_with_one_clear_line(text: str) -> None:
    """The setting and its form are named."""
    with pytest.raises(SettingsInvalid, match="CODES_FAILPOINT: must be <before_apply"):
        failpoint_from(text)
