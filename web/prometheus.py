"""A campaign's week from Prometheus: finer than what the view keeps, and known for as long as Prometheus keeps it.

In:       the address of a Prometheus that scrapes the inventory, a campaign.
Out:      points with its counts, all types together; or `NoWeek`, with the reason for people.
Promise:  one query of at most `POINTS_MAX` points, whose answer is kept for `KEPT_S`, a failure too. The address is
          in no reason: it may have a password.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp

from handlers.inventory.counts import Counts
from handlers.inventory.hours import WEEK_S
from handlers.inventory.motion import Point
from ops.telemetry.inventory_metrics import OTHER
from ops.telemetry.metrics.process import INVENTORY_CODES

STEP_S: Final = 600
POINTS_MAX: Final = WEEK_S // STEP_S + 1
ANSWER_S_MAX: Final = 5.0
QUERIES_MAX: Final = 4
KEPT_S: Final = 30.0
KEPT_MAX: Final = 200
"""Campaigns; the one that was asked for first is forgotten first."""
UNAVAILABLE: Final = "Prometheus is unavailable ({why})"
NO_SERIES: Final = "Prometheus has no series of this campaign: only the largest have their own"


class NoWeek(Exception):  # becomes a note of the answer
    """Prometheus gives no history; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and when it was asked for, by the loop's clock."""

    at_s: float
    found: list[Point] | str
    """Points, or why there are none."""


class Prometheus:
    """Lives as long as its session. `labels`: of this deployment's series."""

    def __init__(self, session: aiohttp.ClientSession, url: str, labels: Mapping[str, str]) -> None:
        self._session = session
        self._address = f"{url.rstrip('/')}/api/v1/query_range"
        self._labels = labels
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._queries = asyncio.Semaphore(QUERIES_MAX)

    async def week(self, campaign_id: str, now: datetime) -> list[Point]:
        """Its points, `STEP_S` from each other where there is a sample, up to now.

        Raises:
            NoWeek: Prometheus does not answer, or has no series of the campaign.
        """
        clock = asyncio.get_running_loop().time
        kept = self._kept.get(campaign_id)
        if kept is None or clock() - kept.at_s > KEPT_S:
            kept = self._keep(campaign_id, Kept(clock(), await self._found(campaign_id, now)))
        if isinstance(kept.found, str):
            raise NoWeek(kept.found)
        return kept.found

    def _keep(self, campaign_id: str, kept: Kept) -> Kept:
        self._kept.pop(campaign_id, None)
        self._kept[campaign_id] = kept
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return kept

    async def _found(self, campaign_id: str, now: datetime) -> list[Point] | str:
        try:
            async with asyncio.timeout(ANSWER_S_MAX), self._queries:
                content = await self._ask(query_of(campaign_id, self._labels), int(now.timestamp()))
            points = points_of(content)
        except (aiohttp.ClientError, TimeoutError, OSError) as why:
            return UNAVAILABLE.format(why=type(why).__name__)
        except (LookupError, TypeError, ValueError):
            return UNAVAILABLE.format(why="its answer cannot be read")
        return points if points and campaign_id != OTHER else NO_SERIES

    async def _ask(self, query: str, now_s: int) -> Any:  # noqa: ANN401  # as it is answered
        """Raises aiohttp.ClientError, also for a status that is an error."""
        parameters: dict[str, str | int] = {"query": query, "start": now_s - WEEK_S, "end": now_s, "step": STEP_S}
        async with self._session.get(self._address, params=parameters, allow_redirects=False) as answer:
            if answer.status != 200:  # noqa: PLR2004  # the only good one
                raise BadStatus(str(answer.status))
            return await answer.json(content_type=None)


class BadStatus(aiohttp.ClientError):
    """Prometheus, or a proxy before it, refuses."""


def query_of(campaign_id: str, labels: Mapping[str, str]) -> str:
    """Every replica of the inventory has the same counts: the highest is that of one which has read all events."""
    matchers = {**labels, "campaign": campaign_id}
    text = ", ".join(f"{name}={json.dumps(value)}" for name, value in matchers.items())
    return f"max by (status) ({INVENTORY_CODES.name}{{{text}}})"


def points_of(content: Any) -> list[Point]:  # noqa: ANN401  # as it is answered
    """The instants at which there is a count of every status.

    Raises:
        LookupError, TypeError, ValueError: this is no answer to the query.
    """
    by_status = {
        series["metric"]["status"]: {int(at_s): int(float(value)) for at_s, value in series["values"]}
        for series in content["data"]["result"]
    }
    if not by_status:
        return []
    available, reserved, assigned = (by_status[status] for status in Counts._fields)
    return [
        Point(at_s, Counts(available[at_s], reserved[at_s], assigned[at_s]))
        for at_s in sorted(available.keys() & reserved.keys() & assigned.keys())
    ]
