"""The sections of the screen.

In:       figures, the width of the screen, and the signs it can show.
Out:      `Section` for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from cli.top.section import Block, Cell, Section, left, right, rights
from cli.top.texts import FIGURE_WIDTH, bar, clock, count, duration, per_minute, plain, progress
from schemas.stock import Standing
from web.judgements import AttentionItem, AttentionList
from web.models import (
    Alert,
    AlertList,
    Campaign,
    CampaignPage,
    DeadLetterCounts,
    ImportList,
    ImportProgress,
    LagList,
    TopicLag,
    TypedStock,
)

MARKS: Final[dict[Standing, tuple[str, str]]] = {
    "exhausted": ("!!", "bold red"),
    "low": ("!", "bold yellow"),
    "enough": ("", ""),
}
LEVELS: Final = {"exhausted": "bold red", "low": "bold yellow", "recovered": "green"}
GRAVE: Final = frozenset({"gone", "stalled", "exhausted"})
LEVEL_WIDTH: Final = 11
TRENDS: Final = {"stalled": "bold red", "rising": "bold red", "caught up": "green", "nothing waits": "dim"}
WIDE: Final = 120
"""Minimum width, in characters, for long bars."""
SLIM: Final = 76
"""Below this width only available codes have a column; the bar shows the other statuses."""
BAR_SHORT: Final = 8
BAR_LONG: Final = 24
COUNT_WIDTH_LONG: Final = 11
"""Fits 999,999,999."""
TYPE_WIDTH: Final = 8
TREND_WIDTH: Final = 13
OLD_IS_BAD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """Width and signs of the screen."""

    width: int
    signs: str

    @property
    def bar(self) -> int:
        return BAR_LONG if self.width >= WIDE else BAR_SHORT

    @property
    def count(self) -> int:
        return COUNT_WIDTH_LONG if self.width >= WIDE else FIGURE_WIDTH

    @property
    def counted(self) -> int:
        """Number of statuses that have a column."""
        return 1 if self.width < SLIM else 3

    def counts(self, *numbers: int | None) -> Iterator[str]:
        return (count(number, self.count) for number in numbers)


def attention(found: AttentionList) -> Section:
    """What nobody has acknowledged or snoozed, most urgent first."""
    lines: list[Block] = [[attention_line(item)] for item in found.items if item.mark is None]
    marked = len(found.items) - len(lines)
    none = f"needs attention: nothing{f' ({marked:,} acknowledged or snoozed)' if marked else ''}"
    columns = (left("ATTENTION", LEVEL_WIDTH), left("WHAT"), left("WHY", share=3))
    return Section("items that need attention", columns, lines, len(lines), none)


def attention_line(item: AttentionItem) -> Sequence[Cell]:
    since = "" if item.since is None else f", since {clock(item.since)}"
    style = "bold red" if item.level in GRAVE else "bold yellow"
    return Text(item.level, style), Text(plain(item.title)), Text(plain(f"{item.detail}{since}"))


def campaigns(page: CampaignPage, look: Look) -> Section:
    """Counts by status and type, and their rates."""
    counts, figures = ("AVAIL", "RESERV", "ASSIGN"), ("1 MIN", "5 MIN", "EMPTY")
    columns = (left("", 2), left("CAMPAIGN"), left("TYPE", TYPE_WIDTH), left("STOCK", look.bar))
    return Section(
        name="campaigns",
        columns=(*columns, *rights(counts[: look.counted], look.count), *rights(figures, FIGURE_WIDTH)),
        blocks=[list(campaign_lines(campaign, look)) for campaign in page.items],
        total=page.total,
        none="campaigns: none",
    )


def campaign_lines(campaign: Campaign, look: Look) -> Iterator[Sequence[Cell]]:
    """One line per type; the first has the campaign's name."""
    name = campaign.campaign_id
    for code_type, stock in campaign.types.items():
        yield (Text(*MARKS[stock.standing]), Text(name), Text(code_type), *figures_of(stock, look))
        name = ""


def figures_of(stock: TypedStock, look: Look) -> Sequence[Cell]:
    counts = (stock.available, stock.reserved, stock.assigned)
    rates = per_minute(stock.rate_1m), per_minute(stock.rate_5m)
    return (
        bar(counts, look.bar, look.signs),
        *look.counts(*counts[: look.counted]),
        *rates,
        duration(stock.empty_in_s),
    )


def imports(found: ImportList, look: Look) -> Section:
    """Running imports."""
    running = [item for item in found.items if item.state == "running"]
    counts = ("INSERT", "DUPLIC", "REJECT") if look.width >= WIDE else ("REJECT",)
    words = (left("IMPORT"), left("CAMPAIGN"), left("PROGRESS", look.bar))
    pace = rights(("DONE", "LEFT", "ROWS/S"), FIGURE_WIDTH)
    columns = (*words, *pace, *rights(("ROWS", *counts), look.count))
    lines: list[Block] = [[import_line(item, look)] for item in running]
    return Section("imports", columns, lines, len(lines), f"imports: none is running{latest_end(found)}")


def import_line(item: ImportProgress, look: Look) -> Sequence[Cell]:
    """Its progress by bytes, the time left, and its rows."""
    counts = (item.inserted, item.duplicates, item.rejected) if look.width >= WIDE else (item.rejected,)
    return (
        Text(item.import_id),
        Text(item.campaign_id),
        progress(item.progress, look.bar, look.signs),
        "-" if item.progress is None else f"{int(item.progress * 100)} %",
        duration(item.left_s),
        count(None if item.rows_per_s is None else round(item.rows_per_s)),
        *look.counts(item.rows_read, *counts),
    )


def latest_end(found: ImportList) -> str:
    """The end of the import that ended last."""
    ended = [item for item in found.items if item.state != "running"]
    if not ended:
        return ""
    last = max(ended, key=lambda item: item.at)
    reason = f" ({last.reason})" if last.reason else ""
    return f"; {last.import_id} {last.state}{reason} at {clock(last.at)}, {last.inserted:,} codes inserted"


def lag(found: LagList, look: Look) -> Section:
    """Unread records by topic and group."""
    columns = (left("TOPIC"), left("GROUP"), right("UNREAD", look.count), right("OLDEST", FIGURE_WIDTH))
    lines: list[Block] = [[lag_line(topic, look)] for topic in found.topics]
    none = "lag: no group reads yet" if found.known else "lag: not known, Kafka gives no answer"
    return Section("lags", (*columns, left("TREND", TREND_WIDTH)), lines, len(lines), none)


def lag_line(topic: TopicLag, look: Look) -> Sequence[Cell]:
    age = Text(duration(topic.age_s), style="bold red" if (topic.age_s or 0) >= OLD_IS_BAD_S else "")
    return (
        Text(plain(topic.topic)),
        Text(plain(topic.group)),
        *look.counts(topic.records),
        age,
        Text(topic.trend, TRENDS.get(topic.trend, "")),
    )


def alerts(found: AlertList, look: Look) -> Section:
    """Alerts, latest first."""
    words = (left("ALERT", 9), left("CAMPAIGN"), left("TYPE", TYPE_WIDTH))
    figures = ("AVAIL", "OF", "LIMIT")
    lines: list[Block] = [[alert_line(alert, look)] for alert in found.items]
    columns = (*words, *rights(figures, look.count), right("AT", 8))
    return Section("alerts", columns, lines, len(lines), "alerts: none")


def alert_line(alert: Alert, look: Look) -> Sequence[Cell]:
    words = (Text(alert.level, LEVELS[alert.level]), Text(alert.campaign_id), Text(alert.code_type))
    return *words, *look.counts(alert.available, alert.total, alert.threshold), clock(alert.at)


def dead_letters(found: DeadLetterCounts) -> Section:
    """Dead letters by reason, on one line."""
    by_count = sorted(found.reasons.items(), key=lambda item: -item[1])
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in by_count if number)
    latest = f"; the latest at {clock(found.latest_at)}" if found.latest_at and reasons else ""
    return Section("dead letters", (), (), 0, f"dead letters in {found.hours} hours: {reasons or 'none'}{latest}")
