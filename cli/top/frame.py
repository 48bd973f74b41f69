"""The whole screen.

In:       figures, the reason if they are stale, and the size of the screen.
Out:      a renderable that fits the screen. Pure.
Promise:  colour adds no information: signs, words and order carry it all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from cli.top import sections
from cli.top.api import Figures
from cli.top.section import Section, line, shares
from cli.top.sections import Look
from cli.top.strip import strip
from cli.top.texts import BLOCKS, LETTERS, STYLES, clock, duration

WEIGHTS: Final = (3, 2, 1, 1, 1, 1)
"""Shares of campaigns, attention, imports, lag, alerts and dead letters, if the screen is too small for all."""
DRAWN: Final = (1, 0, 2, 3, 4, 5)
"""Their order on the screen: what needs attention is on top, but does not push the campaigns off a small one."""
WIDTH_MAX: Final = 140
"""Longer lines are hard to follow with the eye."""
FOOT_LINES: Final = 2
"""The legend, and room for the prompt after `--once`."""
LOADING: Final = "LOADING: the inventory has just started, and still reads what was there before"
STATUSES: Final = ("available", "reserved", "assigned")


@dataclass(frozen=True, slots=True)
class Frame:
    """One state of the screen; fits any console it is printed on."""

    figures: Figures
    source: str
    stale_s: float = 0.0
    """Age of the figures, shown if there is a `problem`."""
    problem: str | None = None
    is_cut: bool = True
    """Whether it is cut to the console's height; a pipe has no height."""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        look = Look(min(options.max_width, WIDTH_MAX), LETTERS if options.ascii_only else BLOCKS)
        shown, head = self._sections(look), list(self._head(options.max_width))
        wanted = [section.lines for section in shown]
        room = options.size.height - len(head) - FOOT_LINES if self.is_cut else sum(wanted)
        yield from head
        given = shares(max(room, 0), wanted, WEIGHTS)
        for place in DRAWN:
            if given[place]:
                yield Constrain(shown[place].drawn(given[place]), look.width)
        yield legend(look.signs)

    def _sections(self, look: Look) -> tuple[Section, ...]:
        figures = self.figures
        return (
            sections.campaigns(figures.campaigns, look),
            sections.attention(figures.attention),
            sections.imports(figures.imports, look),
            sections.lag(figures.lag, look),
            sections.alerts(figures.alerts, look),
            sections.dead_letters(figures.dead_letters),
        )

    def _head(self, width: int) -> Iterator[Text]:
        total = self.figures.campaigns.total
        yield line(f"codes top  {self.source}  {clock(self.figures.at)} UTC  campaigns: {total:,}", "bold")
        if self.problem is not None:
            warning = f"STALE for {duration(self.stale_s)}: {self.problem}"
            yield from (line(text, "bold reverse") for text in wrap(warning, width))
        if self.figures.health.loading:
            yield line(LOADING, "bold")
        yield from strip(self.figures.health, width)


def legend(signs: str) -> Text:
    parts = [(f"{sign} {status}  ", style) for sign, status, style in zip(signs, STATUSES, STYLES, strict=True)]
    return Text.assemble(*parts, "! low  !! exhausted  MIN: codes per minute", no_wrap=True, overflow="ellipsis")
