"""Live updates as server-sent events.

In:       a client's last event id, the view.
Out:      events `campaigns`, `imports`, `alerts`, `dead-letters`, `health`, `attention`, `lag`, each with its current
          content.
Promise:  no queue: a client is sent what changed since its last event, at most every `EVERY_S`. So a slow client gets
          fewer events, never outdated ones, and needs no memory; a client that does not read is disconnected.

All clients are sent events at the same moments (turns): clients with equal access at the same revision get the same
bytes, which are built once, and compressed once for those that accept gzip.
An event's id is `<process>-<revision>`, of a client that sees only some campaigns `<process>.<access>-<revision>`. A
client that reconnects with it continues from there; with the id of another process or access, or without one, it is
sent everything first.
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
from web.access import EVERYTHING, Access
from web.answers import alert_list, dead_letter_counts, lag_list, narrowed
from web.auth import Denied
from web.campaigns import Campaigns
from web.compression import GZIP_HEADER, accepts_gzip, piece
from web.judging import HOUR_S, Judge
from web.marks import SendMark, no_marks

EVERY_S: Final = 0.5
HEARTBEAT_S: Final = 15.0
"""Interval of comments, which keep proxies from closing an idle connection."""
HEARTBEAT: Final = b": still here\n\n"
WRITE_S_MAX: Final = 10.0
"""A client that does not read for this long is disconnected."""
ACCESS_S: Final = 5.0
"""Access is checked at this interval: a token that has expired, or whose key was removed, ends its stream."""
CAMPAIGNS_MAX: Final = 500
"""Campaigns in one event; the client requests the others by page."""
ALERTS_MAX: Final = 100
PER_TOKEN_MAX: Final = 20
NOT_SENT: Final = object()
"""No lag was sent yet, not even that it is unknown."""
HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
GZIP: Final = {"Content-Encoding": "gzip"}

TextKey = tuple[int, bool, Access]
"""A client's revision, whether it has the current lags, and what it may see."""
Admit = Callable[[], float | None]
"""Returns the end of access, in seconds since 1970; raises `Denied` if it has ended."""


@dataclass(slots=True)
class Turn:
    """One moment at which clients are sent events."""

    number: int = -1
    revision: int = -1
    lags: object = None
    texts: dict[TextKey, bytes] = field(default_factory=dict)
    pieces: dict[TextKey, bytes] = field(default_factory=dict)
    """The texts, compressed on demand."""

    def compressed(self, key: TextKey) -> bytes:
        """A text, compressed; an empty text stays empty."""
        if key not in self.pieces:
            self.pieces[key] = piece(self.texts[key]) if self.texts[key] else b""
        return self.pieces[key]


@dataclass(slots=True)
class Streams:
    """State that all streams of a process share."""

    view: InventoryView
    lags: Lags
    topics: Topics
    limit: int
    limit_per_token: int = PER_TOKEN_MAX
    empty_within_s: float = HOUR_S
    """A stock that is empty within this time needs attention."""
    send_mark: SendMark = no_marks
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    open: int = 0
    viewers: Counter[str] = field(default_factory=Counter)
    """Open streams of each token, by its digest."""
    turn: Turn = field(default_factory=Turn)
    campaigns: Campaigns = field(init=False)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self.campaigns = Campaigns(self.view)
        self.judge = Judge(self.view, self.lags, self.topics, self.campaigns, self.empty_within_s)

    def has_room_for(self, viewer: str | None) -> bool:
        """Whether a token may open another stream."""
        return viewer is None or self.viewers[viewer] < self.limit_per_token

    def count(self, viewer: str | None, change: int) -> None:
        self.open += change
        if viewer is not None:
            self.viewers[viewer] += change
            if not self.viewers[viewer]:
                del self.viewers[viewer]

    def turn_at(self, now_s: float) -> Turn:
        """The current turn; the first client of a new turn starts it."""
        number = int(now_s // EVERY_S)
        if number != self.turn.number:
            self.judge.refresh()
            self.turn = Turn(number, self.view.revision, self.lags.now)
        return self.turn

    def source(self, access: Access) -> str:
        """How ids of events begin: nobody continues with what was sent to another access."""
        return self.process + access.tag(self.process)

    def revision_of(self, event_id: str | None, access: Access) -> int:
        """The revision at which a client continues; -1: from the beginning."""
        source, _, revision = (event_id or "").partition("-")
        return int(revision) if source == self.source(access) and revision.isdecimal() else -1


@dataclass(slots=True)
class Client:
    """What one client has been sent."""

    revision: int
    lags: object = NOT_SENT
    at: float = 0.0
    ends_at: float | None = None
    """End of access, in seconds since 1970."""
    admitted_at: float = 0.0
    """Time of the last check of access."""
    is_gzip: bool = False
    access: Access = EVERYTHING


async def stream(
    request: web.Request, streams: Streams, admit: Admit, access: Access, viewer: str | None = None
) -> web.StreamResponse:
    """Serve one client until it disconnects, its access ends, or the process stops.

    Raises:
        Denied: the client has no access.
    """
    ends_at, is_gzip = admit(), accepts_gzip(request.headers.get("Accept-Encoding"))
    response = web.StreamResponse(headers={**HEADERS, **(GZIP if is_gzip else {})})
    streams.count(viewer, 1)
    try:
        with suppress(ConnectionError, TimeoutError, Denied):  # the client is gone, does not read, or lost access
            await response.prepare(request)
            revision = streams.revision_of(request.headers.get("Last-Event-ID"), access)
            client = Client(revision, ends_at=ends_at, is_gzip=is_gzip, access=access)
            await _send_changes(response, streams, client, admit)
    finally:
        streams.count(viewer, -1)
    return response


async def _send_changes(response: web.StreamResponse, streams: Streams, client: Client, admit: Admit) -> None:
    clock = asyncio.get_running_loop().time
    client.admitted_at = clock()
    if client.is_gzip:
        await asyncio.wait_for(response.write(GZIP_HEADER), WRITE_S_MAX)
    while not streams.stopping.is_set() and still_admitted(streams, client, admit, clock()):
        content = news(streams, client, clock())
        if not content and clock() - client.at > HEARTBEAT_S:
            content = piece(HEARTBEAT) if client.is_gzip else HEARTBEAT
        if content:
            client.at = clock()
            await asyncio.wait_for(response.write(content), WRITE_S_MAX)
        with suppress(TimeoutError):
            await asyncio.wait_for(streams.stopping.wait(), EVERY_S - clock() % EVERY_S)


def still_admitted(streams: Streams, client: Client, admit: Admit, now_s: float) -> bool:
    """Whether access continues. Raises Denied if the token's key was removed."""
    if now_s - client.admitted_at > ACCESS_S:
        client.admitted_at = now_s
        client.ends_at = admit()
    return client.ends_at is None or streams.view.clock().timestamp() < client.ends_at


def news(streams: Streams, client: Client, now_s: float) -> bytes:
    """Changes since the client's last event; the same bytes for all clients of equal access at the same revision."""
    turn = streams.turn_at(now_s)
    since = client.revision
    knows_lags = client.lags is turn.lags
    key = since, knows_lags, client.access
    if key not in turn.texts:
        turn.texts[key] = "".join(events(streams, key, turn.revision)).encode()
    client.revision, client.lags = max(since, turn.revision), turn.lags
    return turn.compressed(key) if client.is_gzip else turn.texts[key]


def events(streams: Streams, key: TextKey, until: int) -> Iterator[str]:
    """Events with the changes after a revision. They may include later changes than `until`, which are sent again."""
    view, (since, knows_lags, access) = streams.view, key
    event_id = f"{streams.source(access)}-{max(since, until)}"
    seen = (stock for stock in view.changed_since(since) if access.sees(stock.campaign_id))
    changed = list(islice(seen, CAMPAIGNS_MAX))
    if changed:
        total = len(streams.campaigns.seen(access))
        yield event(
            "campaigns", event_id, streams.campaigns.json(changed, total=total, offset=0, limit=CAMPAIGNS_MAX)
        )
    parts: dict[str, Callable[[], BaseModel]] = {
        "imports": lambda: narrowed(streams.judge.imports, access),
        "alerts": lambda: alert_list(view, access, ALERTS_MAX),
        "dead-letters": lambda: dead_letter_counts(view, access),
        "health": lambda: streams.judge.health,
        "attention": lambda: streams.judge.attention_of(access),
    }
    for name, make in parts.items():
        if view.part_changed(name, since):
            yield event(name, event_id, make().model_dump_json())
    if not knows_lags:
        yield event("lag", event_id, lag_list(streams.lags, streams.topics).model_dump_json())


def event(name: str, event_id: str, content: str) -> str:
    return f"event: {name}\nid: {event_id}\ndata: {content}\n\n"
