"""Answers a campaign's history: from the view, and the week from Prometheus where a setting names one.

In:       the view's own history, what Prometheus has.
Out:      `History`, which says where it comes from, and why not from Prometheus.
Promise:  without an answer of Prometheus, the view's own history is answered. The last point is that of now.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from consumers.inventory.view import InventoryView
from handlers.inventory.motion import Point
from schemas.settings import InventorySettings
from schemas.stock import CampaignStock
from web.answers import history_of, point_of
from web.models import History, HistoryPoint
from web.prometheus import STEP_S, NoWeek, Prometheus
from web.queries import HistoryQuery

OF_TYPES: Final = "Prometheus has only all code types together"


class Weeks:
    """Lives as long as the application; without Prometheus, everything is the view's own."""

    def __init__(self, prometheus: Prometheus | None = None) -> None:
        self._prometheus = prometheus

    async def history(self, view: InventoryView, stock: CampaignStock, query: HistoryQuery) -> History:
        """The history that a query asks for."""
        if self._prometheus is None or query.resolution != "hourly":
            return history_of(view, stock, query.resolution, query.code_type)
        if query.code_type is not None:
            return noted(history_of(view, stock, query.resolution, query.code_type), OF_TYPES)
        try:
            found = await self._prometheus.week(stock.campaign_id, view.clock())
        except NoWeek as why:
            return noted(history_of(view, stock, query.resolution, None), str(why))
        own = history_of(view, view.stock(stock.campaign_id) or stock, query.resolution, None)
        points = joined(own.points, found)
        return own.model_copy(update={"points": points, "step_s": STEP_S, "source": "prometheus"})


def noted(own: History, note: str) -> History:
    """The view's own history, with the reason."""
    return own.model_copy(update={"note": note})


def joined(own: Sequence[HistoryPoint], found: Iterable[Point]) -> list[HistoryPoint]:
    """Prometheus's points, the own ones where it has none, and that of now. Without points that change nothing."""
    *past, now = own
    inside = [point for point in map(point_of, found) if point.at < now.at]
    covered = {step_of(point) for point in inside}
    points = [*inside, *(point for point in past if step_of(point) not in covered)]
    return [*changing(sorted(points, key=lambda point: point.at)), now]


def step_of(point: HistoryPoint) -> int:
    return int(point.at.timestamp()) // STEP_S


def changing(points: Iterable[HistoryPoint]) -> Iterator[HistoryPoint]:
    """The first point, and those whose counts differ from the one before."""
    last = None
    for point in points:
        if counts_of(point) != last:
            yield point
        last = counts_of(point)


def counts_of(point: HistoryPoint) -> tuple[int, int, int]:
    return point.available, point.reserved, point.assigned


@asynccontextmanager
async def weeks_of(settings: InventorySettings) -> AsyncIterator[Weeks]:
    """With a session of its own, if a setting names a Prometheus."""
    if settings.prometheus_url is None:
        yield Weeks()
        return
    async with aiohttp.ClientSession() as session:
        yield Weeks(Prometheus(session, settings.prometheus_url, settings.prometheus_labels))
