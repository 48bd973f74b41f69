"""The live stream: server-sent events with what changed.

In:       a client's last event id, the view.
Out:      events `campaigns`, `imports`, `alerts`, `dead-letters`, `lag`, each with its current content.
Promise:  no queue: a client gets what changed since its last event, at most every `EVERY_S`. So a slow client gets
          fewer events, never old ones, and costs no memory; a client that reads nothing is disconnected.

All clients are served at the same moments (turns), so that clients with the same state get the same bytes, which are
built once, and compressed once for clients that accept gzip.
An event's id is `<process>-<revision>`. A client that reconnects with an id continues from that revision; with an id
of another process, or none, it gets everything first.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from schemas.topics import Topics
from web.answers import alert_list, dead_letter_counts, import_list, lag_list
from web.auth import Denied
from web.campaigns import Campaigns
from web.compression import GZIP_HEADER, accepts_gzip, piece

EVERY_S: Final = 0.5
HEARTBEAT_S: Final = 15.0
"""Seconds between comments, which keep proxies from closing an idle connection."""
HEARTBEAT: Final = b": still here\n\n"
WRITE_S_MAX: Final = 10.0
"""A client that reads nothing for so long is disconnected."""
ACCESS_S: Final = 5.0
"""Seconds between checks of access: a token that has expired, or whose key was removed, ends its stream."""
CAMPAIGNS_MAX: Final = 500
"""Most campaigns in one event; the client requests further ones by page."""
ALERTS_MAX: Final = 100
PER_TOKEN_MAX: Final = 20
LAGS_NOT_SENT: Final = object()
"""No lags were sent yet, not even that they are unknown (None)."""
HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
GZIP: Final = {"Content-Encoding": "gzip"}

Admit = Callable[[], float | None]
"""When access ends, seconds since 1970; raises `Denied` if it has ended."""


@dataclass(slots=True)
class Turn:
    """One moment at which clients are served."""

    number: int = -1
    revision: int = -1
    lags: object = None
    texts: dict[tuple[int, bool], bytes] = field(default_factory=dict)
    """Events by the revision that a client has, and whether it has the current lags."""
    pieces: dict[tuple[int, bool], bytes] = field(default_factory=dict)
    """The same, compressed."""

    def compressed(self, key: tuple[int, bool]) -> bytes:
        """One of the texts, compressed; an empty text stays empty."""
        if key not in self.pieces:
            self.pieces[key] = piece(self.texts[key]) if self.texts[key] else b""
        return self.pieces[key]


@dataclass(slots=True)
class Streams:
    """State shared by all streams of a process."""

    view: InventoryView
    lags: Lags
    topics: Topics
    limit: int
    limit_per_token: int = PER_TOKEN_MAX
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    open: int = 0
    viewers: Counter[str] = field(default_factory=Counter)
    """Open streams of each token, by its digest."""
    turn: Turn = field(default_factory=Turn)
    campaigns: Campaigns = field(init=False)

    def __post_init__(self) -> None:
        self.campaigns = Campaigns(self.view)

    def has_room_for(self, viewer: str | None) -> bool:
        """Whether a token may open one more stream."""
        return viewer is None or self.viewers[viewer] < self.limit_per_token

    def count(self, viewer: str | None, change: int) -> None:
        """Count a stream that opens (1) or ends (-1)."""
        self.open += change
        if viewer is not None:
            self.viewers[viewer] += change
            if not self.viewers[viewer]:
                del self.viewers[viewer]

    def turn_at(self, now_s: float) -> Turn:
        """The turn of this moment; the first client in a new turn creates it."""
        number = int(now_s // EVERY_S)
        if number != self.turn.number:
            self.turn = Turn(number, self.view.revision, self.lags.now)
        return self.turn

    def revision_of(self, event_id: str | None) -> int:
        """The revision that a client continues from; -1: from the beginning."""
        process, _, revision = (event_id or "").partition("-")
        return int(revision) if process == self.process and revision.isdecimal() else -1


@dataclass(slots=True)
class ClientState:
    """What one client was sent, and until when it has access."""

    revision: int
    lags: object = LAGS_NOT_SENT
    sent_at: float = 0.0
    ends_at: float | None = None
    """When access ends, seconds since 1970."""
    admitted_at: float = 0.0
    """When access was last checked."""
    is_gzip: bool = False


async def stream(
    request: web.Request, streams: Streams, admit: Admit, viewer: str | None = None
) -> web.StreamResponse:
    """Serve one client until it disconnects, its access ends, or the process stops.

    Raises:
        Denied: there was no access at the start.
    """
    ends_at, is_gzip = admit(), accepts_gzip(request.headers.get("Accept-Encoding"))
    response = web.StreamResponse(headers={**HEADERS, **(GZIP if is_gzip else {})})
    streams.count(viewer, 1)
    try:
        with suppress(ConnectionError, TimeoutError, Denied):  # disconnected, reads nothing, or lost access
            await response.prepare(request)
            revision = streams.revision_of(request.headers.get("Last-Event-ID"))
            client = ClientState(revision, ends_at=ends_at, is_gzip=is_gzip)
            await _serve(response, streams, client, admit)
    finally:
        streams.count(viewer, -1)
    return response


async def _serve(response: web.StreamResponse, streams: Streams, client: ClientState, admit: Admit) -> None:
    clock = asyncio.get_running_loop().time
    client.admitted_at = clock()
    if client.is_gzip:
        await asyncio.wait_for(response.write(GZIP_HEADER), WRITE_S_MAX)
    while not streams.stopping.is_set() and still_admitted(streams, client, admit, clock()):
        content = news(streams, client, clock())
        if not content and clock() - client.sent_at > HEARTBEAT_S:
            content = piece(HEARTBEAT) if client.is_gzip else HEARTBEAT
        if content:
            client.sent_at = clock()
            await asyncio.wait_for(response.write(content), WRITE_S_MAX)
        with suppress(TimeoutError):
            await asyncio.wait_for(streams.stopping.wait(), EVERY_S - clock() % EVERY_S)


def still_admitted(streams: Streams, client: ClientState, admit: Admit, now_s: float) -> bool:
    """Whether the client still has access. Raises Denied if the token's key was removed."""
    if now_s - client.admitted_at > ACCESS_S:
        client.admitted_at = now_s
        client.ends_at = admit()
    return client.ends_at is None or streams.view.clock().timestamp() < client.ends_at


def news(streams: Streams, client: ClientState, now_s: float) -> bytes:
    """The events that a client lacks; the same bytes for all clients with the same state."""
    turn = streams.turn_at(now_s)
    since = client.revision
    has_lags = client.lags is turn.lags
    key = since, has_lags
    if key not in turn.texts:
        turn.texts[key] = "".join(events(streams, since, turn.revision, has_lags=has_lags)).encode()
    client.revision, client.lags = max(since, turn.revision), turn.lags
    return turn.compressed(key) if client.is_gzip else turn.texts[key]


def events(streams: Streams, since: int, until: int, *, has_lags: bool) -> Iterator[str]:
    """Events of what changed after `since`. A change after `until` may be included, and is then sent again."""
    view = streams.view
    event_id = f"{streams.process}-{max(since, until)}"
    changed = list(islice(view.changed_since(since), CAMPAIGNS_MAX))
    if changed:
        page = streams.campaigns.json(changed, total=len(view.stocks()), offset=0, limit=CAMPAIGNS_MAX)
        yield event("campaigns", event_id, page)
    parts: dict[str, Callable[[], BaseModel]] = {
        "imports": lambda: import_list(view),
        "alerts": lambda: alert_list(view, ALERTS_MAX),
        "dead-letters": lambda: dead_letter_counts(view),
    }
    for name, make in parts.items():
        if view.part_changed(name, since):
            yield event(name, event_id, make().model_dump_json())
    if not has_lags:
        yield event("lag", event_id, lag_list(streams.lags.now, streams.topics).model_dump_json())


def event(name: str, event_id: str, content: str) -> str:
    """Format a server-sent event."""
    return f"event: {name}\nid: {event_id}\ndata: {content}\n\n"
