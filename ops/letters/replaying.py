"""Replays dead letters: judges each one, and sends those that can be sent.

In:       which dead letters, how they are judged, at which rate they are sent.
Out:      each verdict; how many there were of each.
Promise:  a dry run sends nothing. What is sent is remembered in the same transaction, so a run that is killed or
          fails is simply run again.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from consumers.decode import SizeLimits
from ops.broker.patience import Patience
from ops.letters.choice import Choice
from ops.letters.edits import Edits
from ops.letters.reading import Found, chosen_letters, replayed_identities
from ops.letters.sending import Replayer, open_replayer
from ops.letters.verdict import REPLAYED, Judge, LeftOut, Send
from ops.settings.load import Settings
from ops.tokens.sending import token_headers
from schemas.clock import utc_now
from schemas.topics import Topics

BATCH_RECORDS_MAX: Final = 100
"""Of one transaction."""

OnVerdict = Callable[[Send | LeftOut], None]


@dataclass(slots=True)
class Tally:
    """How far a replay is; valid at any moment, also after a failure."""

    selected: int = 0
    sent: int = 0
    would_send: int = 0
    """In a dry run."""
    already_replayed: int = 0
    left_out: int = 0

    def count(self, verdict: Send | LeftOut) -> None:
        self.selected += 1
        if isinstance(verdict, LeftOut):
            is_replayed = verdict.why is REPLAYED
            self.already_replayed += is_replayed
            self.left_out += not is_replayed


@dataclass(slots=True)
class Replay:
    """One run of the command."""

    settings: Settings
    choice: Choice
    judge: Judge
    patience: Patience
    on_verdict: OnVerdict
    rate: float | None = None
    """Records per second at most."""
    tally: Tally = field(default_factory=Tally)

    async def dry_run(self) -> None:
        """Judge all of them. Raises as `chosen_letters` does."""
        async with aclosing(self._judged()) as pieces:
            async for sends in pieces:
                self.tally.would_send += len(sends)

    async def send(self) -> None:
        """Judge all of them, and send those that can be sent.

        Raises:
            ReplayTakenOver, BrokerUnavailable: see `Replayer.send`; `tally` says what was sent before.
            Unanswered, TopicMissing, KafkaRefused: see `chosen_letters`.
        """
        pace = Pace(self.rate)
        async with self._replayer() as replayer, aclosing(self._judged()) as pieces:
            async for sends in pieces:
                for batch in pieces_of(sends, pace.batch_max):
                    await replayer.send(batch)
                    self.tally.sent += len(batch)
                    await pace.rest(self.tally.sent)

    @asynccontextmanager
    async def _replayer(self) -> AsyncIterator[Replayer]:
        """Started before the notes are read: no other replay can add one any more."""
        async with AsyncExitStack() as opened:
            async with self.patience.asked():
                replayer = await opened.enter_async_context(open_replayer(self.settings))
            yield replayer

    async def _judged(self) -> AsyncGenerator[list[Send], None]:
        """Those of each piece that can be sent."""
        replayed = await replayed_identities(self.settings, self.patience)
        async with aclosing(chosen_letters(self.settings, self.choice, replayed, self.patience)) as pieces:
            async for found in pieces:
                yield list(self._sends(found, replayed))

    def _sends(self, found: Iterable[Found], replayed: set[str]) -> Iterator[Send]:
        """A record that has two dead letters is sent once."""
        for item in found:
            is_replayed = item.letter.identity(self.judge.topics) in replayed
            verdict = self.judge.verdict(item.letter, is_replayed=is_replayed)
            self.tally.count(verdict)
            self.on_verdict(verdict)
            if isinstance(verdict, Send):
                replayed.add(verdict.identity)
                yield verdict


def judge_of(settings: Settings, edits: Edits) -> Judge:
    """By the workers' limits, and with the token of the settings."""
    limits = SizeLimits.of(settings.worker, settings.requests.registry_formats)
    token = tuple(token_headers(settings.requests))
    return Judge(Topics(settings.topics.prefix), limits, edits, utc_now(), token)


class Pace:
    """Keeps a rate, on average since its start."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._began = monotonic()
        self.batch_max = BATCH_RECORDS_MAX if rate is None else max(1, min(BATCH_RECORDS_MAX, int(rate)))

    async def rest(self, sent: int) -> None:
        """Wait until this number may have been sent."""
        if self._rate is not None:
            await asyncio.sleep(max(0.0, self._began + sent / self._rate - monotonic()))


def pieces_of(sends: Sequence[Send], size: int) -> Iterator[Sequence[Send]]:
    return (sends[start : start + size] for start in range(0, len(sends), size))
