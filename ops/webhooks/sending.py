"""Sends messages to one receiver, and pauses while it takes none.

In:       a receiver, messages.
Out:      HTTP requests; what became of each, as a fact; lines of the log.
Promise:  a message that is not taken is dropped when it is refused for good, or too old; else it is to be sent again.
          The address is in no line and no fact.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
import structlog

from ops.webhooks.posting import post
from ops.webhooks.targets import Target
from schemas.clock import utc_now
from schemas.observation.fact import Observer
from schemas.observation.webhooks import WebhookAnswered, WebhookKind, WebhookOutcome

PAUSE_S_MIN: Final = 1.0
PAUSE_S_MAX: Final = 60.0
DOUBLINGS_MAX: Final = 10

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A request to a receiver."""

    id: str
    """The same for each repetition."""
    body: dict[str, Any]
    at: datetime
    """Its age is counted from here."""
    undelivered: Callable[[str], None]
    """Logs that it is dropped, and why."""


class Sender:
    """Of one kind of messages to one receiver; lives as long as the process."""

    def __init__(
        self,
        target: Target,
        kind: WebhookKind,
        session: aiohttp.ClientSession,
        give_up_after_s: int,
        observer: Observer,
    ) -> None:
        self.target = target
        self.kind = kind
        self._session = session
        self._give_up_after_s = give_up_after_s
        self._observer = observer
        self._failures = 0

    async def send(self, message: Message) -> WebhookOutcome:
        """One request. After a failure it returns when the next one is due."""
        answer = await post(self._session, self.target, message.body, message.id)
        if answer.outcome == "taken":
            self._answered()
            return self._noted("sent")
        age_s = (utc_now() - message.at).total_seconds()
        if answer.outcome == "refused" or age_s > self._give_up_after_s:
            message.undelivered(answer.reason)
            self._failures = 0
            return self._noted("dropped")
        self._noted("failed")
        await self.pause(answer.reason)
        return "failed"

    async def pause(self, reason: str) -> None:
        """Longer each time; the first failure is logged."""
        if self._failures == 0:
            log.warning("webhook_waits", webhook=self.target.name, reason=reason)
        pause_s = min(PAUSE_S_MIN * 2**self._failures, PAUSE_S_MAX)
        self._failures = min(self._failures + 1, DOUBLINGS_MAX)
        await asyncio.sleep(pause_s)

    def _answered(self) -> None:
        if self._failures:
            log.info("webhook_answers", webhook=self.target.name)
        self._failures = 0

    def _noted(self, outcome: WebhookOutcome) -> WebhookOutcome:
        self._observer.observe(WebhookAnswered(self.target.name, self.kind, outcome))
        return outcome
