"""What changes, told live: server-sent events.

In:       a client's last event id, the view.
Out:      events `campaigns`, `imports`, `alerts`, `dead-letters`, `lag`, each with what it holds now.
Promise:  no queue: a client is told what changed since it was last told, at most every `EVERY_S`. So a slow client
          gets fewer events, never old ones, and costs no memory; one that takes nothing is let go.

An event's id is `<process>-<revision>`. A client that comes back with one goes on from there; with an id of another
process, or none, it is told everything first.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from consumers.inventory_role import Lags
from consumers.view import InventoryView
from ops.web.answers import alert_list, campaigns_of, dead_letter_counts, import_list, lag_list
from ops.web.models import CampaignPage
from schemas.topics import Topics

EVERY_S: Final = 0.5
HEARTBEAT_S: Final = 15.0
"""A comment, so that proxies do not think the connection dead."""
WRITE_S_MAX: Final = 10.0
"""A client that takes nothing for so long is let go."""
CAMPAIGNS_MAX: Final = 500
"""Of one event; the client asks for the others by page."""
ALERTS_TOLD: Final = 100
UNTOLD: Final = object()
"""Not even that nothing is known."""
HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(slots=True)
class Streams:
    """What all streams of a process share."""

    view: InventoryView
    lags: Lags
    topics: Topics
    limit: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    open: int = 0

    def revision_of(self, event_id: str | None) -> int:
        """Where a client goes on; -1: from the beginning."""
        process, _, revision = (event_id or "").partition("-")
        return int(revision) if process == self.process and revision.isdecimal() else -1


@dataclass(slots=True)
class Told:
    """What one client knows."""

    revision: int
    lags: object = UNTOLD
    at: float = 0.0


async def stream(request: web.Request, streams: Streams, ends_at: float | None) -> web.StreamResponse:
    """Serve one client until it goes, its token ends (`ends_at`, seconds since 1970), or the process stops."""
    response = web.StreamResponse(headers=HEADERS)
    streams.open += 1
    try:
        with suppress(ConnectionError, TimeoutError):  # the client went, or takes nothing
            await response.prepare(request)
            told = Told(streams.revision_of(request.headers.get("Last-Event-ID")))
            await _tell(response, streams, told, ends_at)
    finally:
        streams.open -= 1
    return response


async def _tell(response: web.StreamResponse, streams: Streams, told: Told, ends_at: float | None) -> None:
    clock = asyncio.get_running_loop().time
    while not streams.stopping.is_set() and (ends_at is None or streams.view.clock().timestamp() < ends_at):
        text = "".join(news(streams, told))
        if not text and clock() - told.at > HEARTBEAT_S:
            text = ": still here\n\n"
        if text:
            told.at = clock()
            await asyncio.wait_for(response.write(text.encode()), WRITE_S_MAX)
        with suppress(TimeoutError):
            await asyncio.wait_for(streams.stopping.wait(), EVERY_S)


def news(streams: Streams, told: Told) -> Iterator[str]:
    """Events of what changed since a client was last told; it is told all of it now."""
    view, since = streams.view, told.revision
    told.revision = view.revision
    event_id = f"{streams.process}-{view.revision}"
    changed = list(view.changed_since(since))[:CAMPAIGNS_MAX]
    if changed:
        items = campaigns_of(view, changed)
        page = CampaignPage(items=items, total=len(view.stocks()), offset=0, limit=CAMPAIGNS_MAX)
        yield event("campaigns", event_id, page)
    parts: dict[str, Callable[[], BaseModel]] = {
        "imports": lambda: import_list(view),
        "alerts": lambda: alert_list(view, ALERTS_TOLD),
        "dead-letters": lambda: dead_letter_counts(view),
    }
    yield from (event(name, event_id, make()) for name, make in parts.items() if view.part_changed(name, since))
    if told.lags is not streams.lags.now:
        told.lags = streams.lags.now
        yield event("lag", event_id, lag_list(streams.lags.now, streams.topics))


def event(name: str, event_id: str, content: BaseModel) -> str:
    """One server-sent event."""
    return f"event: {name}\nid: {event_id}\ndata: {content.model_dump_json()}\n\n"
