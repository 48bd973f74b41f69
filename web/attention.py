"""What somebody should look at, most urgent first: the same list for the page, `codes top` and the API.

In:       campaigns, imports, lags, dead letters and health, as the API answers them; what viewers decided.
Out:      `AttentionItem`s. Pure.
Promise:  the key of an item changes with its state, so a decision about one state never hides the next one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from schemas.attention import RANKS, Level, Mark
from web.judgements import AttentionItem, HealthItem, HealthReport
from web.models import Campaign, DeadLetterCounts, ImportList, ImportProgress, LagList, TopicLag, TypedStock

QUIET_S: Final = 20.0
"""A running import sends progress every few seconds, unless it waits for something."""
IMPORT_TOPIC: Final = "import.commands.v1"
"""Its offset moves only at the end of an import, so a running one is no stall."""
MINUTE_S: Final = 60
HOUR_S: Final = 3_600
TITLES: Final = {
    "worker": "No worker runs",
    "importer": "No importer runs",
    "expirer": "No expirer runs",
    "mongodb": "MongoDB gives no answer",
    "kafka": "Kafka unreachable",
    "s3": "S3 gives no answer",
}
NAMES: Final = {"worker": "Workers", "importer": "Importers", "expirer": "Expirers"} | {
    "mongodb": "MongoDB",
    "kafka": "Kafka",
    "s3": "S3",
}


class Seen(NamedTuple):
    """Everything but the campaigns, at one instant."""

    health: HealthReport
    imports: ImportList
    lag: LagList
    is_importing: bool
    """Whether any import runs, also one that may not be seen."""
    dead_letters: Mapping[str | None, DeadLetterCounts]
    """By campaign; None: those of all campaigns together."""
    now: datetime


def concerns(seen: Seen) -> Iterator[AttentionItem]:
    """All items that are not about a campaign's stock."""
    yield from of_health(seen.health.items)
    yield from of_lag(seen.lag, is_importing=seen.is_importing)
    for found in seen.imports.items:
        yield from of_import(found, seen.now)
    for campaign_id, dead in seen.dead_letters.items():
        yield from of_dead_letters(dead, campaign_id)


def ordered(
    items: Iterable[AttentionItem], marks: Mapping[str, Mark], now: datetime
) -> tuple[Sequence[AttentionItem], int]:
    """With the marks that still apply, open items first; and the number of these."""
    marked = [
        item.model_copy(update={"mark": mark}) if (mark := applying(marks.get(item.key), now)) else item
        for item in items
    ]
    marked.sort(key=urgency)
    return marked, sum(item.mark is None for item in marked)


def urgency(item: AttentionItem) -> tuple[bool, int, float, float, str]:
    """Open before marked, then by level; stocks by how soon they are empty, others the latest first."""
    due_s = float("inf") if item.due_s is None else item.due_s
    began_s = 0.0 if item.since is None else item.since.timestamp()
    return item.mark is not None, RANKS[item.level], due_s, -began_s, item.key


def applying(mark: Mark | None, now: datetime) -> Mark | None:
    """A mark, unless it is a snooze that is over."""
    return None if mark is None or (mark.until is not None and mark.until <= now) else mark


def of_health(items: Sequence[HealthItem]) -> Iterator[AttentionItem]:
    """Missing roles and parts; a role that only waits for a missing part is not named beside it."""
    is_part_missing = any(item.name not in {"worker", "importer", "expirer"} and is_bad(item) for item in items)
    for item in items:
        is_consequence = (
            item.state == "waiting" and item.name in {"worker", "importer", "expirer"} and is_part_missing
        )
        if not is_bad(item) or is_consequence:
            continue
        began = "" if item.since is None else f"{item.since.timestamp():.0f}"
        yield AttentionItem(
            key=f"health:{item.name}:{item.state}:{began}",
            subject=f"health:{item.name}",
            kind="health",
            level="gone" if item.state == "gone" else "waiting",
            title=TITLES[item.name] if item.state == "gone" else NAMES[item.name],
            detail=item.detail,
            since=item.since,
        )


def is_bad(item: HealthItem) -> bool:
    """Whether something waits or is gone; what is unknown is never the cause."""
    return item.state in {"waiting", "gone"}


def of_lag(lag: LagList, *, is_importing: bool) -> Iterator[AttentionItem]:
    """Groups that read nothing although records wait."""
    for topic in lag.topics:
        if topic.stalled_s is None or (is_importing and topic.topic == IMPORT_TOPIC):
            continue
        yield AttentionItem(
            key=f"lag:{topic.group}:{topic.topic}:{committed_of(lag, topic)}",
            subject=f"lag:{topic.group}:{topic.topic}",
            kind="lag",
            level="stalled",
            title=topic.topic,
            detail=f"{waiting_text(topic.records)}; {topic.group} has read nothing for {time_text(topic.stalled_s)}",
        )


def committed_of(lag: LagList, topic: TopicLag) -> int:
    """The sum of the committed offsets: it stays until the group reads on."""
    return sum(part.committed or 0 for part in lag.items if (part.group, part.topic) == (topic.group, topic.topic))


def of_stock(campaign: Campaign, empty_within_s: float) -> Iterator[AttentionItem]:
    """Stocks of a campaign that are exhausted, run out soon, or are low."""
    for code_type, stock in campaign.types.items():
        level = level_of(stock, empty_within_s)
        if level is None:
            continue
        yield AttentionItem(
            key=f"stock:{campaign.campaign_id}:{code_type}:{level}:{stock.total}",
            subject=f"stock:{campaign.campaign_id}:{code_type}",
            kind="stock",
            level=level,
            title=campaign.campaign_id,
            detail=f"{code_type}: {stock.available:,} of {stock.total:,} left{forecast_text(stock)}",
            campaign_id=campaign.campaign_id,
            due_s=0.0 if stock.available <= 0 else stock.empty_in_s,
        )


def level_of(stock: TypedStock, empty_within_s: float) -> Level | None:
    """The most urgent level of a stock; None if there is nothing to say."""
    if stock.standing == "exhausted":
        return "exhausted"
    if stock.available > 0 and stock.empty_in_s is not None and stock.empty_in_s <= empty_within_s:
        return "running out"
    return "low" if stock.standing == "low" else None


def forecast_text(stock: TypedStock) -> str:
    """When it is empty, and the rate that this is judged by."""
    if stock.available <= 0 or stock.empty_in_s is None:
        return ""
    per_minute = stock.empty_rate * MINUTE_S
    rate = f"{per_minute:,.0f}" if per_minute >= 10 else f"{per_minute:.1f}"  # noqa: PLR2004  # two digits are enough
    return f", empty in {time_text(stock.empty_in_s)} at {rate} a minute"


def of_import(found: ImportProgress, now: datetime) -> Iterator[AttentionItem]:
    """An import that failed and was not done again, or one that runs and makes no progress."""
    if found.state == "failed" and found.resolved_by is None:
        yield AttentionItem(
            key=f"import:{found.import_id}:failed",
            subject=f"import:{found.import_id}",
            kind="import",
            level="failed",
            title=f"Import {found.import_id}",
            detail=f"{found.campaign_id}: {found.reason or 'no reason was given'}",
            campaign_id=found.campaign_id,
            since=found.at,
        )
    quiet_s = (now - found.at).total_seconds()
    if found.state == "running" and quiet_s > QUIET_S:
        yield AttentionItem(
            key=f"import:{found.import_id}:quiet:{found.rows_read}",
            subject=f"import:{found.import_id}",
            kind="import",
            level="waiting",
            title=f"Import {found.import_id}",
            detail=f"{found.campaign_id}: no progress after {found.rows_read:,} rows",
            campaign_id=found.campaign_id,
            since=found.at,
        )


def of_dead_letters(dead: DeadLetterCounts, campaign_id: str | None = None) -> Iterator[AttentionItem]:
    """Rejected records; the key changes with the latest one.

    Those of a campaign are an item of their own: whoever sees only this campaign marks nothing else with it.
    """
    if not dead.total or dead.latest_at is None:
        return
    of_campaign = "" if campaign_id is None else f" of {campaign_id}"
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in dead.reasons.items() if count)
    yield AttentionItem(
        key=f"dead-letters:{'' if campaign_id is None else campaign_id + ':'}{dead.latest_at.timestamp():.3f}",
        subject=f"dead-letters:{campaign_id or ''}",
        kind="dead-letters",
        level="rejected",
        title=f"{dead.total:,} dead letter{'' if dead.total == 1 else 's'}{of_campaign}",
        campaign_id=campaign_id,
        detail=f"{reasons}, in {dead.hours} h",
        since=dead.latest_at,
    )


def waiting_text(records: int | None) -> str:
    """`1 record waits`."""
    if records is None:
        return "records wait"
    return f"{records:,} record{' waits' if records == 1 else 's wait'}"


def time_text(seconds: float) -> str:
    """`40 s`, `12 min` or `3 h 20 min`."""
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    hours, rest = divmod(int(seconds), HOUR_S)
    return f"{hours} h {rest // MINUTE_S:02} min"
