"""Decides which messages about items that need attention a receiver is due.

In:       the items as they are now, the last message about each, the time.
Out:      the next messages. Pure, except for what `Watch` remembers.
Promise:  an item is sent when it has lasted, once; again when it becomes more urgent, when a snooze of it ends, and
          at most every `AGAIN_S` when it begins anew or becomes less urgent. Its end is sent when the end has lasted.
          Nothing is sent about an item that is acknowledged or snoozed, except its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from ops.webhooks.targets import Target
from schemas.attention import RANKS, Kind, Level, Mark, Notice

AGAIN_S: Final = 3_600
"""New dead letters make a new state of the same item every time."""


@dataclass(frozen=True, slots=True)
class Concern:
    """An item that needs attention."""

    subject: str
    """Names it whatever its state."""
    key: str
    """Names it in this state."""
    kind: Kind
    level: Level
    title: str
    detail: str
    campaign_id: str | None = None
    mark: Mark | None = None
    """The last decision about it, also a snooze that is over."""

    def is_quiet(self, now: datetime) -> bool:
        """Whether somebody has acknowledged it, or snoozes it."""
        return self.mark is not None and (self.mark.until is None or self.mark.until > now)


@dataclass(slots=True)
class Watch:
    """Since when items are there, and since when they are over; of one receiver."""

    began: dict[str, datetime] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)

    def due(
        self,
        target: Target,
        concerns: Sequence[Concern],
        sent: Mapping[str, Notice],
        after: timedelta,
        now: datetime,
    ) -> list[Notice]:
        """The messages that are to be sent now: first those that wait since before a restart."""
        there = {concern.subject: concern for concern in concerns}
        over = [subject for subject in sent if subject not in there]
        self.began = {subject: self.began.get(subject, now) for subject in there}
        self.ended = {subject: self.ended.get(subject, now) for subject in over}
        lasting = [concern for concern in concerns if now - self.began[concern.subject] >= after]
        past = [sent[subject] for subject in over if now - self.ended[subject] >= after]
        return [
            *(notice for notice in sent.values() if notice.state == "waiting"),
            *begun(target, lasting, sent, now),
            *(resolved(notice, now) for notice in past if notice.state != "waiting"),
        ]


def begun(target: Target, concerns: Sequence[Concern], sent: Mapping[str, Notice], now: datetime) -> Iterator[Notice]:
    """A message about each item that the receiver wants and does not know in this state."""
    for concern in concerns:
        if concern.level not in target.attention or concern.is_quiet(now):
            continue
        last = sent.get(concern.subject)
        if last is None or (last.state != "waiting" and is_news(concern, last, now)):
            yield notice_of(target, concern, now)


def is_news(concern: Concern, last: Notice, now: datetime) -> bool:
    """Whether an item is to be sent although it was sent before."""
    if last.event == "resolved" or RANKS[concern.level] < RANKS[last.level]:
        return True
    if concern.mark is not None and concern.mark.until is not None and concern.mark.until > last.at:
        return True  # a snooze that is over
    return concern.key != last.key and now - last.at >= timedelta(seconds=AGAIN_S)


def notice_of(target: Target, concern: Concern, now: datetime) -> Notice:
    return Notice(
        id=uuid4().hex,
        webhook=target.name,
        subject=concern.subject,
        key=concern.key,
        event="begins",
        kind=concern.kind,
        level=concern.level,
        title=concern.title,
        detail=concern.detail,
        campaign_id=concern.campaign_id,
        at=now,
        state="waiting",
    )


def resolved(last: Notice, now: datetime) -> Notice:
    """The end of an item. One whose beginning was dropped, or whose end was sent, has nothing more to be sent."""
    changes = {"id": uuid4().hex, "event": "resolved", "at": now, "state": "waiting"}
    return last if last.state == "dropped" or last.event == "resolved" else last.model_copy(update=changes)
