"""The screen kept fresh until it is left.

In:       the API, what is wanted, how often.
Out:      frames on a terminal's other screen, or one frame on standard output.
Promise:  the first answer must come, or the command fails. After it the last figures stay, marked stale with the
          reason, until newer ones come. The screen is as it was when the command is left, however that happens.
"""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.live import Live

from ops.exits import told
from ops.top.api import Api, Figures, Wanted
from ops.top.frame import Frame
from ops.top.trend import Trends
from ops.web.queries import LIMIT_MAX
from schemas.errors import CodeServiceError

REDRAW_S: Final = 1.0
"""At most so long until a terminal that changed its size is drawn anew."""


@dataclass(slots=True)
class Screen:
    """What is shown, and what it was made from."""

    api: Api
    wanted: Wanted
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
            self.problem = told(error)

    def _take(self, figures: Figures) -> None:
        self.fresh_at_s, self.problem = time.monotonic(), None
        lag = self.trends.add(figures.lag, self.fresh_at_s)
        self.frame = Frame(figures, lag, self.api.url)

    def now(self, *, is_cut: bool = True) -> Frame:
        """The frame of this moment; only after figures were taken."""
        assert self.frame is not None, "asked for before the first answer"
        figures, lag, stale_s = self.frame.figures, self.frame.lag, time.monotonic() - self.fresh_at_s
        return Frame(figures, lag, self.api.url, stale_s, self.problem, is_cut)


async def show_once(screen: Screen, console: Console) -> None:
    """One frame: as high as the terminal, or all of it into a pipe."""
    await screen.ask(LIMIT_MAX)
    console.print(screen.now(is_cut=console.is_terminal))


async def show_live(screen: Screen, console: Console, interval_s: float) -> None:
    """Frames until the task is cancelled; SIGTERM does that, as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None, "runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await screen.ask(limit_of(console))
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            await _shown(screen, live, interval_s)
            await screen.ask(limit_of(console))


async def _shown(screen: Screen, live: Live, seconds: float) -> None:
    """Show for so long, at whatever size the terminal has meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        live.update(screen.now(), refresh=True)
        await asyncio.sleep(min(left, REDRAW_S))


def limit_of(console: Console) -> int:
    """Campaigns that the terminal could show; each has a line at least."""
    return max(1, min(LIMIT_MAX, console.size.height))
