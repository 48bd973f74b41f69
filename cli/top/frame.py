"""The whole screen.

In:       figures, or why there are none newer; how large the screen is.
Out:      a renderable of at most so many lines and columns. Pure.
Promise:  the same facts without colour: by signs, words and order.
"""

from collections.abc import Iterator, Sequence
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
from cli.top.texts import BLOCKS, LETTERS, STYLES, clock, duration
from cli.top.trend import TopicLag

WEIGHTS: Final = (3, 1, 1, 1, 1)
"""Campaigns, imports, lag, alerts, dead letters, where there is not room for all."""
WIDTH_MAX: Final = 140
"""In a wider one the eye would lose the line."""
FOOT_LINES: Final = 2
"""What the signs mean, and room for the prompt after `--once`."""
STATUSES: Final = ("available", "reserved", "assigned")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of it; fits whatever console it is printed on."""

    figures: Figures
    lag: Sequence[TopicLag]
    source: str
    stale_s: float = 0.0
    """For how long there has been nothing newer, if `problem` says why."""
    problem: str | None = None
    is_cut: bool = True
    """Whether it is cut to the console's height; a pipe has none."""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        look = Look(min(options.max_width, WIDTH_MAX), LETTERS if options.ascii_only else BLOCKS)
        shown, head = self._sections(look), list(self._head(options.max_width))
        wanted = [one.lines for one in shown]
        room = options.size.height - len(head) - FOOT_LINES if self.is_cut else sum(wanted)
        yield from head
        for section, lines in zip(shown, shares(max(room, 0), wanted, WEIGHTS), strict=True):
            if lines:
                yield Constrain(section.drawn(lines), look.width)
        yield legend(look.signs)

    def _sections(self, look: Look) -> tuple[Section, ...]:
        figures = self.figures
        return (
            sections.campaigns(figures.campaigns, look),
            sections.imports(figures.imports, look),
            sections.lag(figures.lag, self.lag, look),
            sections.alerts(figures.alerts, look),
            sections.dead_letters(figures.dead_letters),
        )

    def _head(self, width: int) -> Iterator[Text]:
        total = self.figures.campaigns.total
        yield line(f"codes top  {self.source}  {clock(self.figures.at)} UTC  campaigns: {total:,}", "bold")
        if self.problem is not None:
            told = f"STALE for {duration(self.stale_s)}: {self.problem}"
            yield from (line(one, "bold reverse") for one in wrap(told, width))


def legend(signs: str) -> Text:
    """What the signs mean."""
    parts = [(f"{sign} {status}  ", style) for sign, status, style in zip(signs, STATUSES, STYLES, strict=True)]
    return Text.assemble(*parts, "! low  !! exhausted  MIN: codes a minute", no_wrap=True, overflow="ellipsis")
