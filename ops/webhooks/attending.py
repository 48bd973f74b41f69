"""Sends what needs attention to a receiver: that an item begins, and that it is over.

In:       the items and the last message about each, as the inventory's view has them.
Out:      HTTP requests; records of `attention.v1`, one before and one after each message.
Promise:  at least once: a message is written to Kafka before it is sent, and its result afterwards, so a restart
          repeats it under its id. Only the process that has the receiver's partition of `stock-alerts.v1` sends, and
          it first reads what others wrote. While Kafka is unavailable nothing is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from ops.webhooks.concerns import Concern, Watch
from ops.webhooks.messages import notice_body
from ops.webhooks.sending import Message, Sender
from schemas.attention import Notice
from schemas.clock import utc_now
from schemas.errors import BrokerUnavailable
from schemas.records import OutgoingRecord
from schemas.topics import ATTENTION, Topics
from schemas.webhook_settings import WebhookSettings

EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attention:
    """What the inventory knows of items, and where what was sent is recorded."""

    topics: Topics
    concerns: Callable[[Sequence[str]], Sequence[Concern] | None]
    """The items about campaigns of these patterns, and those about no campaign; None: not everything is read yet."""
    notices: Callable[[str], Mapping[str, Notice]]
    """The last message of a receiver about each item, by subject."""
    until_read: Callable[[], Awaitable[None]]
    """Waits until all that is on `attention.v1` is among the notices."""
    publish: Callable[[OutgoingRecord], Awaitable[None]]
    """Raises BrokerUnavailable if Kafka does not take it."""
    clock: Callable[[], datetime] = utc_now


class Attending:
    """To one receiver; lives as long as the process. `is_owner()`: whether this process sends to it."""

    def __init__(
        self, settings: WebhookSettings, sender: Sender, attention: Attention, is_owner: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._target = sender.target
        self._attention = attention
        self._is_owner = is_owner
        self._watch = Watch()

    def waiting(self) -> int:
        """Messages that are decided and not taken yet; 0 where another process sends."""
        notices = self._attention.notices(self._target.name) if self._is_owner() else {}
        return sum(notice.state == "waiting" for notice in notices.values())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.turn()
            except BrokerUnavailable as why:
                await self._sender.pause(str(why))

    async def turn(self) -> None:
        """Send what is due now.

        Raises:
            BrokerUnavailable: Kafka takes no record.
        """
        if not self._is_owner():
            self._watch = Watch()
        elif self._due():
            await self._attention.until_read()  # what the former owner sent; what was written here
            for notice in self._due():
                await self._act(notice)

    def _due(self) -> list[Notice]:
        concerns, name = self._attention.concerns(self._target.campaigns), self._target.name
        if concerns is None:
            return []
        after = timedelta(seconds=self._settings.attention_after_s)
        return self._watch.due(self._target, concerns, self._attention.notices(name), after, self._attention.clock())

    async def _act(self, notice: Notice) -> None:
        """One message, until it needs no further request; the next turn repeats it."""
        if notice.state != "waiting":
            await self._write(notice, is_over=True)
            return
        if self._attention.notices(self._target.name).get(notice.subject) != notice:
            await self._write(notice)
        if not self._is_owner():
            return
        outcome = await self._sender.send(self._message(notice))
        if outcome == "failed":
            return
        state = "taken" if outcome == "sent" else "dropped"
        await self._write(notice.model_copy(update={"state": state}), is_over=notice.event == "resolved")

    async def _write(self, notice: Notice, *, is_over: bool = False) -> None:
        """With a tombstone, the item's next beginning is sent again."""
        topic = self._attention.topics.full(ATTENTION)
        value = None if is_over else notice.to_json()
        await self._attention.publish(OutgoingRecord(topic, notice.record_key.encode(), value, ()))

    def _message(self, notice: Notice) -> Message:
        body = notice_body(self._target.format, notice, self._settings)
        return Message(notice.id, body, notice.at, partial(self._undelivered, notice))

    def _undelivered(self, notice: Notice, reason: str) -> None:
        log.error("webhook_notice_undelivered", webhook=self._target.name, item=notice.subject, reason=reason)
