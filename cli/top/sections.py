"""The sections of the screen.

In:       figures, how wide the screen is, which signs it can show.
Out:      `Section` for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from cli.top.section import Block, Cell, Section, left, right, rights
from cli.top.texts import FIGURE_WIDTH, bar, clock, count, duration, per_minute, plain, progress
from cli.top.trend import TopicLag
from schemas.stock import Standing
from web.models import Alert, AlertList, Campaign, CampaignPage, DeadLetterCounts, ImportList, LagList, TypedStock

MARKS: Final[dict[Standing, tuple[str, str]]] = {
    "exhausted": ("!!", "bold red"),
    "low": ("!", "bold yellow"),
    "enough": ("", ""),
}
LEVELS: Final = {"exhausted": "bold red", "low": "bold yellow", "recovered": "green"}
TRENDS: Final = {"rising": "bold red", "caught up": "green", "nothing waits": "dim"}
WIDE: Final = 120
"""Characters from which on bars are long."""
SLIM: Final = 76
"""With fewer, only what is available is counted; the bar shows the other statuses."""
BAR_SHORT: Final = 8
BAR_LONG: Final = 24
COUNT_WIDTH_LONG: Final = 11
"""Up to 999,999,999 in full."""
TYPE_WIDTH: Final = 8
TREND_WIDTH: Final = 13
OLD_IS_BAD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """What the screen can show."""

    width: int
    signs: str

    @property
    def bar(self) -> int:
        """Characters of a bar."""
        return BAR_LONG if self.width >= WIDE else BAR_SHORT

    @property
    def count(self) -> int:
        """Characters of a count."""
        return COUNT_WIDTH_LONG if self.width >= WIDE else FIGURE_WIDTH

    @property
    def counted(self) -> int:
        """How many statuses have a column."""
        return 1 if self.width < SLIM else 3

    def counts(self, *numbers: int | None) -> Iterator[str]:
        """Counts as text."""
        return (count(one, self.count) for one in numbers)


def campaigns(page: CampaignPage, look: Look) -> Section:
    """Counts by status and type, and how fast they leave."""
    counts, figures = ("AVAIL", "RESERV", "ASSIGN"), ("1 MIN", "5 MIN", "EMPTY")
    columns = (left("", 2), left("CAMPAIGN"), left("TYPE", TYPE_WIDTH), left("STOCK", look.bar))
    return Section(
        name="campaigns",
        columns=(*columns, *rights(counts[: look.counted], look.count), *rights(figures, FIGURE_WIDTH)),
        blocks=[list(campaign_lines(one, look)) for one in page.items],
        total=page.total,
        none="campaigns: none",
    )


def campaign_lines(campaign: Campaign, look: Look) -> Iterator[Sequence[Cell]]:
    """A line a type; the name stands on the first."""
    name = campaign.campaign_id
    for code_type, stock in campaign.types.items():
        yield (Text(*MARKS[stock.standing]), Text(name), Text(code_type), *figures_of(stock, look))
        name = ""


def figures_of(stock: TypedStock, look: Look) -> Sequence[Cell]:
    """A type's stock."""
    counts = (stock.available, stock.reserved, stock.assigned)
    rates = per_minute(stock.rate_1m), per_minute(stock.rate_5m)
    return (
        bar(counts, look.bar, look.signs),
        *look.counts(*counts[: look.counted]),
        *rates,
        duration(stock.empty_in_s),
    )


def imports(found: ImportList, look: Look) -> Section:
    """Those that run."""
    running = [one for one in found.items if one.state == "running"]
    counts = ("ROWS", "INSERT", "DUPLIC", "REJECT")
    lines: list[Block] = [
        [
            (
                Text(one.import_id),
                Text(one.campaign_id),
                progress(one.progress, look.bar, look.signs),
                "-" if one.progress is None else f"{int(one.progress * 100)} %",
                *look.counts(one.rows_read, one.inserted, one.duplicates, one.rejected),
            )
        ]
        for one in running
    ]
    words = (left("IMPORT"), left("CAMPAIGN"), left("PROGRESS", look.bar))
    columns = (*words, right("DONE", FIGURE_WIDTH), *rights(counts, look.count))
    return Section("imports", columns, lines, len(lines), f"imports: none is running{latest_end(found)}")


def latest_end(found: ImportList) -> str:
    """How the latest import that is over ended."""
    over = [one for one in found.items if one.state != "running"]
    if not over:
        return ""
    last = max(over, key=lambda one: one.at)
    reason = f" ({last.reason})" if last.reason else ""
    return f"; {last.import_id} {last.state}{reason} at {clock(last.at)}, {last.inserted:,} codes inserted"


def lag(found: LagList, topics: Sequence[TopicLag], look: Look) -> Section:
    """What each group has not read yet."""
    columns = (left("TOPIC"), left("GROUP"), right("UNREAD", look.count), right("OLDEST", FIGURE_WIDTH))
    lines: list[Block] = [[lag_line(one, look)] for one in topics]
    none = "lag: no group reads yet" if found.known else "lag: not known, the broker does not answer"
    return Section("lags", (*columns, left("TREND", TREND_WIDTH)), lines, len(lines), none)


def lag_line(one: TopicLag, look: Look) -> Sequence[Cell]:
    """One topic."""
    age = Text(duration(one.age_s), style="bold red" if (one.age_s or 0) >= OLD_IS_BAD_S else "")
    return (
        Text(plain(one.topic)),
        Text(plain(one.group)),
        *look.counts(one.records),
        age,
        Text(one.trend, TRENDS.get(one.trend, "")),
    )


def alerts(found: AlertList, look: Look) -> Section:
    """The latest first."""
    words = (left("ALERT", 9), left("CAMPAIGN"), left("TYPE", TYPE_WIDTH))
    figures = ("AVAIL", "OF", "LIMIT")
    lines: list[Block] = [[alert_line(one, look)] for one in found.items]
    columns = (*words, *rights(figures, look.count), right("AT", 8))
    return Section("alerts", columns, lines, len(lines), "alerts: none")


def alert_line(one: Alert, look: Look) -> Sequence[Cell]:
    """One alert."""
    figures = look.counts(one.available, one.total, one.threshold)
    return Text(one.level, LEVELS[one.level]), Text(one.campaign_id), Text(one.code_type), *figures, clock(one.at)


def dead_letters(found: DeadLetterCounts) -> Section:
    """One line: there are few reasons."""
    what = f"dead letters in {found.hours} hours: "
    by_size = sorted(found.reasons.items(), key=lambda one: -one[1])
    told = ", ".join(f"{reason} {number:,}" for reason, number in by_size if number)
    latest = f"; the latest at {clock(found.latest_at)}" if found.latest_at and told else ""
    return Section("dead letters", (), (), 0, f"{what}{told or 'none'}{latest}")
