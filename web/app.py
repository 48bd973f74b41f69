"""The inventory's web application: API, live stream and page behind one guard.

In:       GET requests; POSTs that acknowledge or snooze an item that needs attention, and actions.
Out:      JSON of `web.models`, server-sent events, files of the page.
Promise:  the API needs access by the guard, except its OpenAPI document. The page's files hold no data, and may
          connect only to this host.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from schemas.errors import BrokerUnavailable
from schemas.stock import CampaignStock
from web.access import ACCESS
from web.actions.performing import Acting
from web.actions.routes import Actions
from web.answers import (
    alert_list,
    dead_letter_counts,
    import_list,
    lag_list,
    narrowed,
)
from web.auth import Denied, Guard, viewer_of
from web.campaigns import Wanted
from web.judgements import AttentionList, HealthReport, MarkRequest
from web.letters import Letters
from web.marks import NoSuchItem, mark_asked, mark_of, mark_record
from web.models import (
    AlertList,
    Campaign,
    CampaignPage,
    DeadLetterCounts,
    History,
    ImportList,
    LagList,
    Reason,
)
from web.openapi import Route, document, narrowing
from web.pages import OPENED, page, page_below, secured
from web.past import Past
from web.queries import AlertsQuery, CampaignsQuery, HistoryQuery, InvalidQuery, asked
from web.responses import NoAnswer, answered, refused, sent
from web.searching import Search
from web.stream import Streams, stream
from web.weeks import Weeks

STATIC: Final = Path(__file__).parent / "static"
ONE_VIEWER_FULL: Final = "this token has CODES_INVENTORY__STREAMS_PER_TOKEN_MAX streams open; close one of them"
MARKS: Final = "Acknowledge or snooze an item for all viewers, or take that back; answers the new list."
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """The routes of one process. `streams` holds the data that they serve."""

    def __init__(
        self, guard: Guard, streams: Streams, past: Past, acting: Acting, weeks: Weeks | None = None
    ) -> None:
        self._guard = guard
        self._weeks = weeks or Weeks()
        self._past = past
        self._letters = Letters(streams.view, streams.topics)
        self._actions = Actions(guard, acting)
        self._streams = streams
        self._view = streams.view
        self.routes = self._routes()
        self.document = document(self.routes)

    def _routes(self) -> tuple[Route, ...]:
        return (
            *narrowing(
                Route(
                    "/api/campaigns", self._campaigns, "Campaigns with their counts.", CampaignPage, CampaignsQuery
                ),
                Route("/api/campaigns/{campaign_id}", self._campaign, "A campaign with its counts.", Campaign),
                Route("/api/campaigns/{campaign_id}/history", self._history, "Its history.", History, HistoryQuery),
                Route("/api/health", self._health, "State of roles, MongoDB, Kafka and S3.", HealthReport),
                Route("/api/attention", self._attention, "What needs attention, most urgent first.", AttentionList),
                Route("/api/attention/marks", self._mark, MARKS, AttentionList, body=MarkRequest),
                Route("/api/imports", self._imports, "Imports of the last day.", ImportList),
                Route("/api/lag", self._lag, "Lag of each consumer group.", LagList),
                Route("/api/alerts", self._alerts, "Latest stock alerts.", AlertList, AlertsQuery),
                Route("/api/dead-letters", self._dead_letters, "Dead letters by reason.", DeadLetterCounts),
                Route("/api/stream", self._stream, "Live updates of all figures, as server-sent events.", None),
            ),
            *self._letters.routes(),
            *self._past.routes(),
            *Search(self._view, self._past).routes(),
            *self._actions.routes(),
            Route("/api/openapi.json", self._openapi, "This document.", None, open=True),
        )

    async def _campaigns(self, request: web.Request) -> web.StreamResponse:
        query = asked(request, CampaignsQuery)
        return sent(self._streams.campaigns.page(Wanted(**query.model_dump()), request[ACCESS]))

    async def _campaign(self, request: web.Request) -> web.StreamResponse:
        return sent(self._streams.campaigns.get(self._stock(request)).json)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        query = asked(request, HistoryQuery)
        return answered(await self._weeks.history(self._view, self._stock(request), query))

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        self._streams.judge.refresh()
        return answered(self._streams.judge.health)

    async def _attention(self, request: web.Request) -> web.StreamResponse:
        self._streams.judge.refresh()
        return answered(self._streams.judge.attention_of(request[ACCESS]))

    async def _mark(self, request: web.Request) -> web.StreamResponse:
        judge, view, access = self._streams.judge, self._view, request[ACCESS]
        who, wanted = self._guard.who(request.headers.get("Authorization")), await mark_asked(request)
        judge.refresh()
        mark = mark_of(wanted, judge.attention_of(access), access, by=who, now=view.clock())
        await self._streams.send_mark(mark_record(wanted.key, mark, self._streams.topics))
        view.marked(wanted.key, mark)
        judge.refresh()
        return answered(judge.attention_of(access))

    async def _imports(self, request: web.Request) -> web.StreamResponse:
        return answered(narrowed(import_list(self._view), request[ACCESS]))

    async def _lag(self, _request: web.Request) -> web.StreamResponse:
        return answered(lag_list(self._streams.lags, self._streams.topics))

    async def _alerts(self, request: web.Request) -> web.StreamResponse:
        return answered(alert_list(self._view, request[ACCESS], asked(request, AlertsQuery).limit))

    async def _dead_letters(self, request: web.Request) -> web.StreamResponse:
        return answered(dead_letter_counts(self._view, request[ACCESS]))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self._streams.open >= self._streams.limit:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_streams", "try again later")
        header = request.headers.get("Authorization")
        viewer = viewer_of(header) if not self._guard.is_open else None
        if not self._streams.has_room_for(viewer):
            return refused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_streams", ONE_VIEWER_FULL)
        return await stream(request, self._streams, lambda: self._guard.admit(header), request[ACCESS], viewer)

    async def _openapi(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self.document)

    def _stock(self, request: web.Request) -> CampaignStock:
        campaign_id = request.match_info["campaign_id"]
        found = self._view.stock(campaign_id) if request[ACCESS].sees(campaign_id) else None
        if found is None:
            raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", "there is no such campaign")
        return found


def web_app(
    guard: Guard,
    streams: Streams,
    static: Path = STATIC,
    *,
    past: Past | None = None,
    acting: Acting | None = None,
    weeks: Weeks | None = None,
) -> web.Application:
    """The application: the API, and the page if its files are installed."""
    api = Api(guard, streams, past or Past(), acting or Acting(), weeks)
    app = web.Application(middlewares=[at_this_host(guard)])
    for route in api.routes:
        serve = answering(route.serve if route.open else guarded(route, guard))
        if route.method == "GET":
            app.router.add_get(route.path, serve)
        else:
            app.router.add_route(route.method, route.path, serve)
    if static.is_dir():
        app.router.add_get("/", page(static / "index.html"))
        for address in OPENED:
            app.router.add_get(address, page_below(static / "index.html"))
        app.router.add_static("/static", static)
    app.on_response_prepare.append(secured)
    return app


def guarded(route: Route, guard: Guard) -> Handler:
    """Requires access by the guard: to all campaigns, unless the route narrows its answer."""

    async def handler(request: web.Request) -> web.StreamResponse:
        access = request[ACCESS] = guard.access(request.headers.get("Authorization"))
        if not access.is_whole and not route.narrows:
            raise Denied(HTTPStatus.FORBIDDEN, "a token for all campaigns is needed")
        return await route.serve(request)

    return handler


def answering(serve: Handler) -> Handler:
    """Turns errors of a request into responses."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return await serve(request)
        except Denied as why:
            reason: Reason = "unauthorized" if why.status == HTTPStatus.UNAUTHORIZED else "forbidden"
            return refused(why.status, reason, why.detail)
        except InvalidQuery as why:
            return refused(HTTPStatus.BAD_REQUEST, "invalid", str(why))
        except NoAnswer as why:
            return refused(why.status, why.reason, why.detail)
        except NoSuchItem:
            return refused(HTTPStatus.NOT_FOUND, "not_found", "nothing that needs attention has this key")
        except BrokerUnavailable as why:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", str(why))

    return handler


def at_this_host(guard: Guard) -> Any:  # noqa: ANN401  # aiohttp has no public type for a middleware
    """Without a guard, accept only local host names. This prevents DNS rebinding.

    A site could otherwise point its own name to this address, and read the API through a visitor's browser.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.host.rpartition(":")[0] if has_port(request.host) else request.host
        if guard.is_open and host not in LOCAL_HOSTS:
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "misdirected", "host name not allowed")
        return await handler(request)

    return check


def has_port(host: str) -> bool:
    """Whether there is a port; the colons of an IPv6 address are in brackets."""
    return host.rpartition(":")[2].isdecimal() and ":" in host
