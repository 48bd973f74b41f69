"""Refreshes the screen until the command ends.

In:       the API, a selection of campaigns, the refresh interval.
Out:      frames on the terminal's alternate screen, or one frame on standard output.
Promise:  the first answer must come, at once or within the time that was given, or the command fails. After it the
          last figures stay, marked stale with the reason, until newer ones come or the time given is over. Figures of
          an inventory that has no answer from Kafka are stale too. The screen is as it was when the command is left,
          however that happens.
"""

import asyncio
import signal
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.live import Live

from cli.exits import error_line
from cli.top.api import Api, Figures, Wanted
from cli.top.errors import ApiUnavailable
from cli.top.frame import Frame
from ops.broker.patience import SAY_AFTER_S, Patience, Say
from schemas.errors import BrokerUnavailable, CodeServiceError
from web.queries import LIMIT_MAX

KAFKA_UNAVAILABLE: Final = "Kafka unavailable: the inventory has no answer from it"
REDRAW_S: Final = 1.0
"""Maximum time until the screen is redrawn after the terminal has changed its size."""


@dataclass(slots=True)
class Screen:
    """The current frame, and the data behind it."""

    api: Api
    wanted: Wanted
    say: Say = print
    """Prints messages before there is a screen."""
    frame: Frame | None = None
    fresh_at_s: float = 0.0
    problem: str | None = None

    async def ask(self, limit: int) -> None:
        """Read newer figures, or note why there are none.

        Raises:
            CodeServiceError: there have been no figures yet.
        """
        try:
            self._take(await self.api.figures(self.wanted, limit))
        except CodeServiceError as error:
            if self.frame is None:
                raise
            self.problem = error_line(error)

    def _take(self, figures: Figures) -> None:
        self.problem = problem_of(figures)
        if self.problem is None or self.frame is None:
            self.fresh_at_s = time.monotonic()
        self.frame = Frame(figures, self.api.url)

    def note_silence(self, since_s: float) -> None:
        """Note that a request is still open; if it fails, its error replaces the note."""
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
        """The current frame. Needs figures."""
        assert self.frame is not None, "there are no figures before the first answer"
        return Frame(self.frame.figures, self.api.url, time.monotonic() - self.fresh_at_s, self.problem, is_cut)


def problem_of(figures: Figures) -> str | None:
    """Why the figures are not those of now: without Kafka, the inventory answers what it read last."""
    is_gone = any(item.name == "kafka" and item.state == "gone" for item in figures.health.items)
    return KAFKA_UNAVAILABLE if is_gone else None


async def show_once(screen: Screen, console: Console, *, give_up_after_s: float | None = None) -> None:
    """Print one frame, cut to the height of a terminal; a pipe gets everything."""
    await first(screen, LIMIT_MAX, give_up_after_s)
    console.print(screen.now(is_cut=console.is_terminal))


async def show_live(
    screen: Screen, console: Console, interval_s: float, *, give_up_after_s: float | None = None
) -> None:
    """Show frames until the task is cancelled, by SIGTERM or Ctrl-C.

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
    """Read the first figures; with `give_up_after_s`, retry until then while the inventory is unavailable.

    Raises:
        ApiUnavailable: there was no answer in time.
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
    """Read newer figures, and keep drawing: a slow request is shown before it fails."""
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
    """Redraw for `seconds`, at the current size of the terminal."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        live.update(screen.now(), refresh=True)
        await asyncio.sleep(min(left, REDRAW_S))


def limit_of(console: Console) -> int:
    """Campaigns that fit the terminal; each needs at least one line."""
    return max(1, min(LIMIT_MAX, console.size.height))
