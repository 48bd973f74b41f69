"""Converts the view to responses.

In:       `InventoryView`, lags, parameters of the request.
Out:      models of `web.models`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Literal

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from handlers.inventory.counts import Counts, counts_by_type, summed
from handlers.inventory.hours import HOURLY, week
from handlers.inventory.letters import HOURS, REASONS, Tally
from handlers.inventory.motion import (
    COARSE,
    FINE,
    FIVE_MINUTES_S,
    MINUTE_S,
    Motion,
    Point,
    Resolution,
    empty_in_s,
)
from handlers.inventory.pace import Pace, average
from schemas.base import CodeType
from schemas.events import ImportProgressed
from schemas.stock import CampaignStock, Standing
from schemas.topics import Topics
from web.access import Access
from web.models import (
    Alert,
    AlertList,
    Campaign,
    DeadLetterCounts,
    History,
    HistoryPoint,
    ImportList,
    ImportProgress,
    LagList,
    PartitionLag,
    TopicLag,
    TypedStock,
)

Sort = Literal["name", "available", "total", "rate", "empty", "changed"]
Order = Literal["asc", "desc"]
WORST_FIRST: Final[tuple[Standing, ...]] = ("exhausted", "low", "enough")
RESOLUTIONS: Final[Mapping[str, Resolution]] = {"fine": FINE, "coarse": COARSE, "hourly": HOURLY}


def campaign_of(stock: CampaignStock, motion: Motion, now: datetime) -> Campaign:
    by_type = counts_by_type(stock)
    types = {
        name: TypedStock(**rated(counts, motion, now, name), standing=stock.types[name].standing)
        for name, counts in sorted(by_type.items())
    }
    return Campaign(
        **rated(summed(by_type.values()), motion, now, None),
        campaign_id=stock.campaign_id,
        types=types,
        standing=next(level for level in WORST_FIRST if level in {typed.standing for typed in types.values()}),
        changed_at=stock.changed_at,
    )


def rated(counts: Counts, motion: Motion, now: datetime, code_type: CodeType | None) -> dict[str, Any]:
    """Counts with their rates: the fields of `Stock`."""
    rate_1m, rate_5m = motion.rate(now, MINUTE_S, code_type), motion.rate(now, FIVE_MINUTES_S, code_type)
    empty_rate = max(rate_1m, rate_5m)
    return {
        **counts._asdict(),
        "total": counts.total,
        "rate_1m": rate_1m,
        "rate_5m": rate_5m,
        "empty_rate": empty_rate,
        "empty_in_s": empty_in_s(counts.available, empty_rate),
    }


def history_of(view: InventoryView, stock: CampaignStock, resolution: str, code_type: CodeType | None) -> History:
    by_type = counts_by_type(stock)
    counts = summed(by_type.values()) if code_type is None else by_type.get(code_type, Counts())
    steps = RESOLUTIONS[resolution]
    motion, is_week = view.motion(stock.campaign_id), steps is HOURLY
    points = motion.history(counts, view.clock(), COARSE if is_week else steps, code_type)
    if is_week:
        points = week(view.hours.get(stock.campaign_id), points, stock.changed_at, code_type)
    return History(
        campaign_id=stock.campaign_id,
        code_type=code_type,
        step_s=steps.step_s,
        points=[point_of(point) for point in points],
    )


def point_of(point: Point) -> HistoryPoint:
    return HistoryPoint(at=datetime.fromtimestamp(point.at_s, UTC), **point.counts._asdict())


def import_list(view: InventoryView) -> ImportList:
    events, now_s = view.imports.latest(), view.clock().timestamp()
    resolved = resolutions(events)
    items = [import_of(event, view.imports.pace(event.import_id), resolved, now_s) for event in events]
    return ImportList(items=items, running=sum(item.state == "running" for item in items))


def import_of(
    event: ImportProgressed, pace: Pace, resolved: Mapping[tuple[str, str | None], ImportProgressed], now_s: float
) -> ImportProgress:
    total = event.bytes_total
    later = resolved.get((event.campaign_id, event.object)) if event.state == "failed" else None
    return ImportProgress(
        **event.model_dump(),
        progress=None if not total else round(min(event.bytes_read / total, 1.0), 4),
        rows_per_s=pace.rows_per_s(now_s) if event.state == "running" else average(event.rows_read, event.duration_s),
        left_s=pace.left_s(now_s, total),
        resolved_by=later.import_id if later is not None and later.at >= event.at else None,
    )


def resolutions(events: Iterable[ImportProgressed]) -> Mapping[tuple[str, str | None], ImportProgressed]:
    """The latest completed import of each campaign and object."""
    found: dict[tuple[str, str | None], ImportProgressed] = {}
    for event in events:
        place = (event.campaign_id, event.object)
        is_later = place not in found or event.at > found[place].at
        if event.state == "completed" and event.object is not None and is_later:
            found[place] = event
    return found


def lag_list(lags: Lags, topics: Topics) -> LagList:
    if lags.now is None:
        return LagList(known=False, items=[])
    items = [
        PartitionLag(
            group=lag.group,
            topic=topics.bare(lag.topic),
            partition=lag.partition,
            committed=lag.committed,
            end=lag.end,
            records=lag.records,
            age_s=lag.age_s,
        )
        for lag in lags.now
    ]
    by_topic = [TopicLag(**{**asdict(lag), "topic": topics.bare(lag.topic)}) for lag in lags.topics]
    return LagList(known=True, items=items, topics=by_topic)


def narrowed(imports: ImportList, access: Access) -> ImportList:
    """Only those of campaigns that may be seen."""
    if access.is_whole:
        return imports
    items = [item for item in imports.items if access.sees(item.campaign_id)]
    return ImportList(items=items, running=sum(item.state == "running" for item in items))


def alert_list(view: InventoryView, access: Access, limit: int) -> AlertList:
    seen = ((ce_id, alert) for ce_id, alert in view.alerts.latest() if access.sees(alert.campaign_id))
    return AlertList(items=[Alert(id=ce_id, **alert.model_dump()) for ce_id, alert in islice(seen, limit)])


def dead_letter_counts(view: InventoryView, access: Access) -> DeadLetterCounts:
    """Those of unknown campaigns only for whoever sees all."""
    letters = view.dead_letters
    if access.campaigns is None:
        return counted([letters.all], view.clock())
    return counted(letters.of(access.campaigns).values(), view.clock())


def counted(tallies: Iterable[Tally], now: datetime) -> DeadLetterCounts:
    reasons: Counter[str] = Counter(dict.fromkeys(sorted(REASONS), 0))
    instants = []
    for tally in tallies:
        reasons.update(tally.counts(now))
        instants += [] if tally.latest_at is None else [tally.latest_at]
    return DeadLetterCounts(
        hours=HOURS, reasons=dict(reasons), total=reasons.total(), latest_at=max(instants, default=None)
    )
