"""Short forms of figures.

Promise: a figure has at most `FIGURE_WIDTH` characters, a count at most the given width.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.text import Text

FIGURE_WIDTH: Final = 6
NONE: Final = "-"
MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
DAYS_MAX: Final = 99_999
TENTHS_BELOW: Final = 100
UNITS: Final = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
MANY: Final = "many"

STYLES: Final = ("green", "yellow", "blue")
BLOCKS: Final = "█▒░"
LETTERS: Final = "#=."
"""For terminals and pipes without block characters. Both sets can be read without colour."""


def count(number: int | None, width: int = FIGURE_WIDTH) -> str:
    """`99,999`, or `123.5K` if that does not fit."""
    if number is None:
        return NONE
    whole = f"{number:,}"
    if len(whole) <= width:
        return whole
    shorter = (f"{number / size:.1f}{unit}" for unit, size in UNITS.items())
    return next((text for text in shorter if len(text) <= width), MANY)


def plain(text: str) -> str:
    """Replace control characters: texts of the API could otherwise move the cursor or ring the bell."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def per_minute(rate_s: float) -> str:
    """Convert codes per second to codes per minute."""
    each = rate_s * MINUTE_S
    if each and abs(each) < TENTHS_BELOW:
        return f"{each:.1f}"
    return count(round(each))


def duration(seconds: float | None) -> str:
    """`5 s`, `59 min`, `2h05m` or `3d`."""
    if seconds is None:
        return NONE
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 2 * DAY_S:
        hours, rest = divmod(int(seconds), HOUR_S)
        return f"{hours}h{rest // MINUTE_S:02}m"
    days = seconds / DAY_S
    return f"{days:.0f}d" if days <= DAYS_MAX else "years"


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"


def bar(counts: Sequence[int], width: int, signs: str) -> Text:
    """A bar with one sign per part; a part that is not 0 has at least one cell."""
    parts = [max(count, 0) for count in counts]
    total = sum(parts)
    cells = [max(1, part * width // total) if part else 0 for part in parts]
    if total:
        cells[parts.index(max(parts))] += width - sum(cells)
    return Text.assemble(*zip((sign * cell for sign, cell in zip(signs, cells, strict=True)), STYLES, strict=True))


def progress(part: float | None, width: int, signs: str) -> Text:
    """A progress bar; empty if the progress is unknown."""
    done = round((part or 0) * width)
    return Text.assemble((signs[0] * done, "green"), (signs[2] * (width - done), "dim"))
