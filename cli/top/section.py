"""A section of the screen: a table with a heading, cut to a number of lines.

In:       columns, and blocks of lines that belong together.
Out:      a renderable with the given number of lines.
Promise:  blocks that are left out are counted; lines are never wrapped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from cli.top.texts import plain

TABLE_LINES_MIN: Final = 3
"""A heading, one line, and the number of further blocks; with fewer lines only the number is shown."""

Cell = str | Text
Block = Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    """Plural name of its blocks."""
    columns: tuple[Column, ...]
    blocks: Sequence[Block]
    total: int
    """Number of blocks, including those that were not fetched."""
    none: str
    """Text to show if there are no blocks."""

    @property
    def lines(self) -> int:
        if not self.blocks:
            return 1
        return 1 + sum(map(len, self.blocks)) + (self.total > len(self.blocks))

    def drawn(self, lines: int) -> RenderableType:
        """The section, cut to `lines` lines."""
        if not self.blocks:
            return line(self.none, "dim")
        if lines >= self.lines and self.total == len(self.blocks):
            return self._table(self.blocks)
        shown = list(fitting(self.blocks, lines - 2))
        if not shown:
            return line(f"{self.name}: {self.total:,}", "bold")
        return Group(self._table(shown), line(f"and {self.total - len(shown):,} more {self.name}", "dim"))

    def _table(self, blocks: Sequence[Block]) -> Table:
        columns = (column.copy() for column in self.columns)
        table = Table(*columns, box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for cells in (cells for block in blocks for cells in block):
            table.add_row(*cells)
        return table


def fitting(blocks: Sequence[Block], lines: int) -> Iterator[Block]:
    """The first blocks that fit; the first block is cut rather than left out."""
    left = lines
    for place, block in enumerate(blocks):
        if place and len(block) > left:
            return
        if left > 0:
            yield block[:left]
        left -= len(block)


def shares(lines: int, wanted: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Lines for each section, by weight. Lines that a section does not need go to the others."""
    given = [0] * len(wanted)
    while sum(given) < min(lines, sum(wanted)):
        for place, weight in enumerate(weights):
            left = lines - sum(given)
            given[place] += min(weight, wanted[place] - given[place], left)
    return given


def left(name: str, width: int | None = None, share: int = 1) -> Column:
    """A left-aligned column; without a width it takes its share of the remaining space."""
    ratio = None if width else share
    return Column(name, width=width, ratio=ratio, no_wrap=True, overflow="ellipsis")


def right(name: str, width: int) -> Column:
    return Column(name, width=width, justify="right", no_wrap=True, overflow="ellipsis")


def rights(names: Sequence[str], width: int) -> tuple[Column, ...]:
    return tuple(right(name, width) for name in names)


def line(text: str, style: str = "") -> Text:
    """One line, without wrapping or control characters."""
    return Text(plain(text), style=style, no_wrap=True, overflow="ellipsis", end="\n")
