"""The screen kept fresh until it is left.

In:       the API, what is wanted, how often.
Out:      frames on a terminal's other screen, or one frame on standard output.
Promise:  the first answer must come, at once or within the time that was given, or the command fails. After it the
          last figures stay, marked stale with the reason, until newer ones come or the time given is over. Figures of
          an inventory that has no answer from Kafka are stale too. The screen is as it was when the command is left,
          however that happens.
"""

import asyncio
import signal
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.live import Live

from cli.exits import error_line
from cli.top.api import Api, Figures, Wanted
from cli.top.errors import ApiUnavailable
from cli.top.frame import Frame
from cli.top.trend import Trends
from ops.broker.patience import SAY_AFTER_S, Patience, Say
from schemas.errors import BrokerUnavailable, CodeServiceError
from web.queries import LIMIT_MAX

KAFKA_UNAVAILABLE: Final = "Kafka unavailable: the inventory has no answer from it"
REDRAW_S: Final = 1.0
"""At most so long until a terminal that changed its size is drawn anew."""


@dataclass(slots=True)
class Screen:
    """What is shown, and what it was made from."""

    api: Api
    wanted: Wanted
    say: Say = print
    """Who is told while there is no screen yet."""
    trends: Trends = field(default_factory=Trends)
    frame: Frame | None = None
    fresh_at_s: float = 0.0
    problem: str | None = None

    async def ask(self, limit: int) -> None:
        """Take newer figures, or note why there are none.

        Raises:
            CodeServiceError: there are none at all yet.
        """
        try:
            self._take(await self.api.figures(self.wanted, limit))
        except CodeServiceError as error:
            if self.frame is None:
                raise
            self.problem = error_line(error)

    def _take(self, figures: Figures) -> None:
        now_s, has_kafka = time.monotonic(), figures.lag.known  # without Kafka it answers what it read last
        if has_kafka or self.frame is None:
            self.fresh_at_s = now_s
        self.problem = None if has_kafka else KAFKA_UNAVAILABLE
        self.frame = Frame(figures, self.trends.add(figures.lag, now_s), self.api.url)

    def note_silence(self, since_s: float) -> None:
        """Say that a question is open for long; its own end says more."""
        if self.problem is None and time.monotonic() - since_s > SAY_AFTER_S:
            self.problem = f"{self.api.url}: no answer yet"

    def check(self, give_up_after_s: float | None) -> None:
        """Raises ApiUnavailable, or BrokerUnavailable for Kafka behind it, if there was nothing newer for so long."""
        stale_s = time.monotonic() - self.fresh_at_s
        if self.problem is None or give_up_after_s is None or stale_s <= give_up_after_s:
            return
        for_s = f"for {give_up_after_s:g} s"
        if self.problem == KAFKA_UNAVAILABLE:
            raise BrokerUnavailable(f"{self.api.url}: the inventory has no answer from Kafka, {for_s}")
        raise ApiUnavailable(f"{self.api.url}: {for_s}")

    def now(self, *, is_cut: bool = True) -> Frame:
        """The frame of this moment; only after figures were taken."""
        assert self.frame is not None, "asked for before the first answer"
        figures, lag, stale_s = self.frame.figures, self.frame.lag, time.monotonic() - self.fresh_at_s
        return Frame(figures, lag, self.api.url, stale_s, self.problem, is_cut)


async def show_once(screen: Screen, console: Console, *, give_up_after_s: float | None = None) -> None:
    """One frame: as high as the terminal, or all of it into a pipe."""
    await first(screen, LIMIT_MAX, give_up_after_s)
    console.print(screen.now(is_cut=console.is_terminal))


async def show_live(
    screen: Screen, console: Console, interval_s: float, *, give_up_after_s: float | None = None
) -> None:
    """Frames until the task is cancelled; SIGTERM does that, as Ctrl-C does.

    Raises:
        ApiUnavailable: there was no answer at first, or no newer one for `give_up_after_s`.
        BrokerUnavailable: the inventory had no answer from Kafka for `give_up_after_s`.
    """
    task = asyncio.current_task()
    assert task is not None, "runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await first(screen, limit_of(console), give_up_after_s)
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            await _shown(screen, live, interval_s)
            await _asked(screen, live, limit_of(console))
            screen.check(give_up_after_s)


async def first(screen: Screen, limit: int, give_up_after_s: float | None) -> None:
    """The first figures; with a time to give up, an inventory that does not answer is waited for, which is said.

    Raises:
        ApiUnavailable: they did not come.
    """
    patience = Patience(f"the inventory is unavailable at {screen.api.url}", screen.say, give_up_after_s)
    while True:
        try:
            async with patience.asked() if give_up_after_s is not None else nullcontext():
                return await screen.ask(limit)
        except ApiUnavailable as why:
            if give_up_after_s is None:
                raise
            await patience.pause(why)


async def _asked(screen: Screen, live: Live, limit: int) -> None:
    """Ask, and go on showing meanwhile: what does not answer is said before it is given up."""
    began_s = time.monotonic()
    asking = asyncio.create_task(screen.ask(limit))
    try:
        while not (await asyncio.wait({asking}, timeout=REDRAW_S))[0]:
            screen.note_silence(began_s)
            live.update(screen.now(), refresh=True)
        asking.result()
    finally:
        asking.cancel()


async def _shown(screen: Screen, live: Live, seconds: float) -> None:
    """Show for so long, at whatever size the terminal has meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        live.update(screen.now(), refresh=True)
        await asyncio.sleep(min(left, REDRAW_S))


def limit_of(console: Console) -> int:
    """Campaigns that the terminal could show; each has a line at least."""
    return max(1, min(LIMIT_MAX, console.size.height))
