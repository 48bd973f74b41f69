"""Which messages about items that need attention are due: each beginning and each end once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.webhooks.concerns import AGAIN_S, Concern, Watch
from ops.webhooks.targets import Target
from schemas.attention import Mark, Notice

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
AFTER_S = 60
TARGET = Target.model_validate(
    {"name": "ops", "url": "https://ops.example", "attention": ["gone", "exhausted", "running out", "rejected"]}
)


class Room:
    """A receiver that takes everything, on a clock that a test moves."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.sent: dict[str, Notice] = {}
        self.now = START
        self.messages: list[tuple[str, str, str]] = []

    def later(self, seconds: float, *concerns: Concern) -> list[tuple[str, str, str]]:
        """What is sent at an instant: event, level and detail."""
        self.now += timedelta(seconds=seconds)
        due = self.watch.due(TARGET, concerns, self.sent, timedelta(seconds=AFTER_S), self.now)
        for notice in due:
            if notice.event == "resolved" or notice.state != "waiting":
                self.sent.pop(notice.subject)
            else:
                self.sent[notice.subject] = notice.model_copy(update={"state": "taken"})
        return [(notice.event, notice.level, notice.detail) for notice in due if notice.state == "waiting"]

    def lasting(self, *concerns: Concern) -> list[tuple[str, str, str]]:
        """What is sent until the items have lasted."""
        return [*self.later(1, *concerns), *self.later(AFTER_S, *concerns)]


def stock(level: Any, **more: Any) -> Concern:
    key = f"stock:spring:tm:{level}:100"
    return Concern("stock:spring:tm", key, "stock", level, "spring", "few", "spring", **more)


def letters(number: int, **more: Any) -> Concern:
    return Concern(
        "dead-letters:", f"dead-letters:{number}", "dead-letters", "rejected", "letters", str(number), **more
    )


def marked(until: datetime | None) -> Mark:
    action = "acknowledged" if until is None else "snoozed"
    return Mark.model_validate({"key": "k", "action": action, "by": "me", "until": until, "at": START})


def test_an_item_is_sent_when_it_has_lasted_and_its_end_too() -> None:
    """Each once. What is over again before, and what comes back before its end has lasted, sends nothing."""
    room = Room()
    assert [] == room.later(0, stock("exhausted"))
    assert [] == room.later(AFTER_S - 1)
    assert [] == room.later(1, stock("exhausted"))
    assert [("begins", "exhausted", "few")] == room.later(AFTER_S, stock("exhausted"))
    assert [] == room.later(AFTER_S, stock("exhausted"))
    assert [] == room.later(1) + room.later(1, stock("exhausted")) + room.later(1)
    assert [("resolved", "exhausted", "few")] == room.later(AFTER_S)
    assert [] == room.later(AFTER_S)
    assert [("begins", "exhausted", "few")] == room.lasting(stock("exhausted"))


def test_only_what_becomes_more_urgent_is_sent_at_once() -> None:
    """A rate that goes up and down sends nothing; a level that the receiver does not want is no end."""
    room = Room()
    room.lasting(stock("running out"))
    assert [] == room.later(9, stock("low")) + room.later(9, stock("running out")) + room.later(AFTER_S, stock("low"))
    assert [("begins", "exhausted", "few")] == room.later(9, stock("exhausted"))
    assert [] == room.later(9, stock("running out"))
    assert [("begins", "running out", "few")] == room.later(AGAIN_S, stock("running out"))


def test_new_dead_letters_are_sent_at_most_once_an_hour() -> None:
    """Each makes a new state of the same item."""
    room = Room()
    first = room.lasting(letters(1))
    soon = [message for number in range(2, 60) for message in room.later(60, letters(number))]
    later = room.later(60, letters(60)) + room.later(60, letters(60))

    assert [("begins", "rejected", "1")] == first
    assert [] == soon
    assert [("begins", "rejected", "60")] == later


@pytest.mark.parametrize("until", [None, START + timedelta(hours=3)])
def test_nothing_is_sent_about_what_somebody_has_marked(until: datetime | None) -> None:
    """Before it was sent, and after; its end is sent to whoever was sent its beginning."""
    room = Room()
    assert [] == room.lasting(stock("running out", mark=marked(until)))
    assert [] == room.lasting()
    room.lasting(stock("running out"))
    assert [] == room.later(9, stock("exhausted", mark=marked(until)))
    assert [("resolved", "running out", "few")] == room.lasting()


def test_an_item_is_sent_again_when_a_snooze_ends() -> None:
    """Once: the snooze ended before this message."""
    room = Room()
    room.lasting(stock("exhausted"))
    snoozed = stock("exhausted", mark=marked(room.now + timedelta(seconds=100)))
    assert [] == room.later(99, snoozed)
    assert [("begins", "exhausted", "few")] == room.later(2, snoozed)
    assert [] == room.later(2, snoozed)


def test_what_waits_is_sent_before_anything_new_is_decided() -> None:
    """After a restart, under its id; the end of an item whose beginning was dropped is not sent."""
    room = Room()
    room.lasting(stock("exhausted"))
    waiting = room.sent["stock:spring:tm"].model_copy(update={"state": "waiting"})
    after = timedelta(seconds=AFTER_S)
    again = Watch().due(TARGET, [stock("exhausted")], {waiting.subject: waiting}, after, room.now)
    room.sent["stock:spring:tm"] = waiting.model_copy(update={"state": "dropped"})

    assert [waiting] == again
    assert [] == room.lasting()
    assert {} == room.sent
