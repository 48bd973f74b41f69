"""What changes, told live: server-sent events.

In:       a client's last event id, the view.
Out:      events `campaigns`, `imports`, `alerts`, `dead-letters`, `lag`, each with what it holds now.
Promise:  no queue: a client is told what changed since it was last told, at most every `EVERY_S`. So a slow client
          gets fewer events, never old ones, and costs no memory; one that takes nothing is let go.

All clients are told at the same moments (turns), so that those who know the same get the same bytes, made once and
compressed once for those that accept gzip.
An event's id is `<process>-<revision>`. A client that comes back with one goes on from there; with an id of another
process, or none, it is told everything first.
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
"""A comment, so that proxies do not think the connection dead."""
HEARTBEAT: Final = b": still here\n\n"
WRITE_S_MAX: Final = 10.0
"""A client that takes nothing for so long is let go."""
ACCESS_S: Final = 5.0
"""Access is looked at again after so long: a token whose key was taken out, or that has expired, ends its stream."""
CAMPAIGNS_MAX: Final = 500
"""Of one event; the client asks for the others by page."""
ALERTS_TOLD: Final = 100
PER_TOKEN_MAX: Final = 20
UNTOLD: Final = object()
"""Not even that nothing is known."""
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
    """One moment at which clients are told."""

    number: int = -1
    revision: int = -1
    lags: object = None
    texts: dict[tuple[int, bool], bytes] = field(default_factory=dict)
    """By the revision that a client knows, and whether it knows the lags."""
    pieces: dict[tuple[int, bool], bytes] = field(default_factory=dict)
    """The same compressed, where a client accepts that."""

    def compressed(self, key: tuple[int, bool]) -> bytes:
        """One of the texts compressed; nothing stays nothing."""
        if key not in self.pieces:
            self.pieces[key] = piece(self.texts[key]) if self.texts[key] else b""
        return self.pieces[key]


@dataclass(slots=True)
class Streams:
    """What all streams of a process share."""

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
        """Whether a token may have one more stream."""
        return viewer is None or self.viewers[viewer] < self.limit_per_token

    def count(self, viewer: str | None, change: int) -> None:
        """A stream opens or ends."""
        self.open += change
        if viewer is not None:
            self.viewers[viewer] += change
            if not self.viewers[viewer]:
                del self.viewers[viewer]

    def turn_at(self, now_s: float) -> Turn:
        """The turn of this moment; the first client of a new one begins it."""
        number = int(now_s // EVERY_S)
        if number != self.turn.number:
            self.turn = Turn(number, self.view.revision, self.lags.now)
        return self.turn

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
    ends_at: float | None = None
    """When access ends, seconds since 1970."""
    admitted_at: float = 0.0
    """When access was last looked at."""
    is_gzip: bool = False


async def stream(
    request: web.Request, streams: Streams, admit: Admit, viewer: str | None = None
) -> web.StreamResponse:
    """Serve one client until it goes, its access ends, or the process stops.

    Raises:
        Denied: there is no access from the beginning.
    """
    ends_at, is_gzip = admit(), accepts_gzip(request.headers.get("Accept-Encoding"))
    response = web.StreamResponse(headers={**HEADERS, **(GZIP if is_gzip else {})})
    streams.count(viewer, 1)
    try:
        with suppress(ConnectionError, TimeoutError, Denied):  # the client went, takes nothing, or has no access now
            await response.prepare(request)
            revision = streams.revision_of(request.headers.get("Last-Event-ID"))
            told = Told(revision, ends_at=ends_at, is_gzip=is_gzip)
            await _tell(response, streams, told, admit)
    finally:
        streams.count(viewer, -1)
    return response


async def _tell(response: web.StreamResponse, streams: Streams, told: Told, admit: Admit) -> None:
    clock = asyncio.get_running_loop().time
    told.admitted_at = clock()
    if told.is_gzip:
        await asyncio.wait_for(response.write(GZIP_HEADER), WRITE_S_MAX)
    while not streams.stopping.is_set() and still_admitted(streams, told, admit, clock()):
        content = news(streams, told, clock())
        if not content and clock() - told.at > HEARTBEAT_S:
            content = piece(HEARTBEAT) if told.is_gzip else HEARTBEAT
        if content:
            told.at = clock()
            await asyncio.wait_for(response.write(content), WRITE_S_MAX)
        with suppress(TimeoutError):
            await asyncio.wait_for(streams.stopping.wait(), EVERY_S - clock() % EVERY_S)


def still_admitted(streams: Streams, told: Told, admit: Admit, now_s: float) -> bool:
    """Whether the token is good. Raises Denied if its key is known no more."""
    if now_s - told.admitted_at > ACCESS_S:
        told.admitted_at = now_s
        told.ends_at = admit()
    return told.ends_at is None or streams.view.clock().timestamp() < told.ends_at


def news(streams: Streams, told: Told, now_s: float) -> bytes:
    """What changed since a client was last told; the same bytes for all who know the same."""
    turn = streams.turn_at(now_s)
    since = told.revision
    knows_lags = told.lags is turn.lags
    key = since, knows_lags
    if key not in turn.texts:
        turn.texts[key] = "".join(events(streams, since, turn.revision, knows_lags=knows_lags)).encode()
    told.revision, told.lags = max(since, turn.revision), turn.lags
    return turn.compressed(key) if told.is_gzip else turn.texts[key]


def events(streams: Streams, since: int, until: int, *, knows_lags: bool) -> Iterator[str]:
    """Events of what changed after a revision. What came after `until` may be among it, and is told again."""
    view = streams.view
    event_id = f"{streams.process}-{max(since, until)}"
    changed = list(islice(view.changed_since(since), CAMPAIGNS_MAX))
    if changed:
        page = streams.campaigns.json(changed, total=len(view.stocks()), offset=0, limit=CAMPAIGNS_MAX)
        yield event("campaigns", event_id, page)
    parts: dict[str, Callable[[], BaseModel]] = {
        "imports": lambda: import_list(view),
        "alerts": lambda: alert_list(view, ALERTS_TOLD),
        "dead-letters": lambda: dead_letter_counts(view),
    }
    for name, make in parts.items():
        if view.part_changed(name, since):
            yield event(name, event_id, make().model_dump_json())
    if not knows_lags:
        yield event("lag", event_id, lag_list(streams.lags.now, streams.topics).model_dump_json())


def event(name: str, event_id: str, content: str) -> str:
    """One server-sent event."""
    return f"event: {name}\nid: {event_id}\ndata: {content}\n\n"
