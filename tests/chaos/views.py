"""Whether every inventory view shows the counts of the database, once all is quiet.

In:       the crew, the database.
Out:      violations `view_differs`.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp

from stores.mongo.connection import Database
from tests.chaos.crew import Crew, Member, log_name
from tests.checking.violation import Violation
from tests.integration.watching import counts_in

VIEW_S_MAX: Final = 120.0
POLL_S: Final = 0.5
Counts = Mapping[str, tuple[int, int, int]]
"""Available, reserved and assigned codes by campaign."""


async def differing_views(crew: Crew, db: Database, logs: Path) -> list[Violation]:
    """Wait until every view shows the truth; name those that do not."""
    wanted = await counts_in(db)
    views = [member for member in crew.members if member.kind == "inventory"]
    shown = await asyncio.gather(*(last_shown(logs, view, wanted) for view in views))
    return [
        Violation("view_differs", (view.name, campaign), f"{wanted.get(campaign)}", f"{counts.get(campaign)}")
        for view, counts in zip(views, shown, strict=True)
        for campaign in sorted(wanted.keys() | counts.keys())
        if wanted.get(campaign) != counts.get(campaign)
    ]


async def last_shown(logs: Path, view: Member, wanted: Counts) -> Counts:
    """What a view shows when it is right, or after the time limit."""
    end_s = time.monotonic() + VIEW_S_MAX
    while True:
        counts = await shown_by(logs, view)
        if counts == wanted or time.monotonic() > end_s:
            return counts
        await asyncio.sleep(POLL_S)


async def shown_by(logs: Path, view: Member) -> Counts:
    """The counts on its API; none while it does not answer."""
    port = api_port(logs / log_name(view))
    if port is None:
        return {}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/api/campaigns?limit=500") as answer,
        ):
            rows = (await answer.json())["items"]
    except (aiohttp.ClientError, KeyError):
        return {}
    return {row["campaign_id"]: (row["available"], row["reserved"], row["assigned"]) for row in rows}


def api_port(log: Path) -> int | None:
    """From the log of its process."""
    for line in log.read_text().splitlines():
        if '"api_listening"' in line:
            return int(json.loads(line)["port"])
    return None
