"""The health strip: one word for each role and part, and since when it waits or is gone.

In:       the health that the API answers, the width of the screen.
Out:      lines that fit. Pure.
Promise:  what is well is in small letters, what is not in capitals: colour only repeats it.
"""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from cli.top.texts import clock, plain
from schemas.health import HealthState
from web.judgements import HealthItem, HealthReport

STYLES: Final[dict[HealthState, str]] = {
    "ok": "green",
    "waiting": "bold yellow",
    "gone": "bold reverse red",
    "unknown": "dim",
}
GAP: Final = "  "


def strip(health: HealthReport, width: int) -> Iterator[Text]:
    """All items, on as many lines as they need."""
    current = Text(no_wrap=True, overflow="ellipsis")
    for item in health.items:
        part = text_of(item)
        if current and len(current) + len(GAP) + len(part) > width:
            yield current
            current = Text(no_wrap=True, overflow="ellipsis")
        current = Text.assemble(current, GAP if current else "", part, no_wrap=True, overflow="ellipsis")
    if current:
        yield current


def text_of(item: HealthItem) -> Text:
    """`worker ok`, or `mongodb GONE since 14:03:22`."""
    if item.state in {"ok", "unknown"}:
        return Text(f"{item.name} {'?' if item.state == 'unknown' else 'ok'}", STYLES[item.state])
    since = "" if item.since is None else f" since {clock(item.since)}"
    return Text(plain(f"{item.name} {item.state.upper()}{since}"), STYLES[item.state])
