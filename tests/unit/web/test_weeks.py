"""The week of a campaign: from Prometheus where one answers, else from the view, with the reason."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handlers.inventory.hours import WEEK_S
from tests.fakes.filled_view import NOW, FilledView
from tests.fakes.web_client import api, some_campaigns
from web import prometheus
from web.prometheus import POINTS_MAX, STEP_S, Prometheus
from web.weeks import Weeks

NOW_S: Final = int(NOW.timestamp())
SECRET: Final = "the-password"
Values = dict[int, tuple[int, int, int]]
"""Counts by status, by the number of steps before now."""
OSLO: Final[Values] = {900: (500, 0, 0), 899: (500, 0, 0), 300: (470, 30, 0), 1: (470, 30, 0), 0: (440, 60, 0)}


class Server:
    """Prometheus's API, as far as it is used."""

    def __init__(self, values: Values | None = None, status: int = 200, text: str | None = None) -> None:
        self.values = values or {}
        self.status = status
        self.text = text
        self.asked: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return web.Response(status=self.status, text=self.text or json.dumps(self._matrix()))

    def _matrix(self) -> dict[str, Any]:
        samples = sorted((NOW_S - steps * STEP_S, counts) for steps, counts in self.values.items())
        result = [
            {"metric": {"status": status}, "values": [[at_s, str(counts[place])] for at_s, counts in samples]}
            for place, status in enumerate(("available", "reserved", "assigned"))
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": result if samples else []}}


@asynccontextmanager
async def weeks_from(server: Server) -> AsyncIterator[Weeks]:
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    async with TestServer(app) as running, aiohttp.ClientSession() as session:
        yield Weeks(Prometheus(session, str(running.make_url("/")), {"namespace": 'a"b'}))


async def asked(weeks: Weeks, view: FilledView, query: str = "resolution=hourly", campaign: str = "Oslo") -> Any:
    async with api(view, weeks=weeks) as client:
        return await (await client.get(f"/api/campaigns/{campaign}/history?{query}")).json()


def counts_in(history: Any) -> list[tuple[int, int, int]]:
    return [(point["available"], point["reserved"], point["assigned"]) for point in history["points"]]


async def test_the_week_comes_from_prometheus() -> None:
    """One query of a bounded number of points; only points that change something; the last one is that of now."""
    server, view = Server(OSLO), some_campaigns()
    async with weeks_from(server) as weeks:
        history = await asked(weeks, view)

    assert ("prometheus", None, STEP_S) == (history["source"], history["note"], history["step_s"])
    assert [(500, 0, 0), (470, 30, 0), (440, 60, 0)] == counts_in(history)
    [query] = server.asked
    assert 'max by (status) (codes_inventory_codes{namespace="a\\"b", campaign="Oslo"})' == query["query"]
    assert (WEEK_S, STEP_S) == (int(query["end"]) - int(query["start"]), int(query["step"]))
    assert 1_009 == POINTS_MAX


async def test_where_prometheus_has_no_sample_the_view_is_asked() -> None:
    """Before its first one, and in its gaps: what the view knows of that time is exact."""
    view = FilledView()
    view.change("Oslo", 1, 500)
    view.later(3 * 3_600)
    view.change("Oslo", 2, 480, 20)
    view.later(3 * 3_600)
    async with weeks_from(Server({-20: (480, 20, 0), -30: (480, 20, 0)})) as weeks:
        history = await asked(weeks, view)

    assert [(500, 0, 0), (480, 20, 0)] == [*dict.fromkeys(counts for counts in counts_in(history) if counts[0])]


@pytest.mark.parametrize(
    ("server", "note"),
    [
        (Server(), "Prometheus has no series of this campaign: only the largest have their own"),
        (Server(OSLO, status=503), "Prometheus is unavailable (BadStatus)"),
        (Server(OSLO, status=302), "Prometheus is unavailable (BadStatus)"),
        (Server(text='{"status": "success", "data": {}}'), "Prometheus is unavailable (its answer cannot be read)"),
        (Server(text="<html>"), "Prometheus is unavailable (its answer cannot be read)"),
        (Server({3: (1, 2, float("nan"))}), "Prometheus is unavailable (its answer cannot be read)"),  # type: ignore[dict-item]
    ],
)
async def test_without_an_answer_the_week_is_the_views_own(server: Server, note: str) -> None:
    """The reason is in the answer; the failure is kept for a while, so that no viewer waits for it again."""
    view = some_campaigns()
    own = await asked(Weeks(), view)
    async with weeks_from(server) as weeks:
        history = await asked(weeks, view)
        again = await asked(weeks, view)

    assert {**own, "note": note} == history == again
    assert ("view", None) == (own["source"], own["note"])
    assert 1 == len(server.asked)


async def test_a_prometheus_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason has no part of its address."""
    monkeypatch.setattr(prometheus, "ANSWER_S_MAX", 0.05)
    silence = asyncio.Event()
    silent = await asyncio.start_server(lambda _reader, writer: held(writer, silence), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, aiohttp.ClientSession() as session:
        history = await asked(
            Weeks(Prometheus(session, f"http://me:{SECRET}@127.0.0.1:{port}", {})), some_campaigns()
        )
        silence.set()

    assert "Prometheus is unavailable (TimeoutError)" == history["note"]
    assert SECRET not in str(history)


async def held(writer: asyncio.StreamWriter, silence: asyncio.Event) -> None:
    """A connection without an answer."""
    await silence.wait()
    writer.close()


@pytest.mark.parametrize("query", ["resolution=fine", "resolution=coarse", "resolution=hourly&code_type=tm"])
async def test_an_hour_a_day_and_a_type_are_the_views_own(query: str) -> None:
    """The view knows these exactly; Prometheus knows no types."""
    server = Server(OSLO)
    async with weeks_from(server) as weeks:
        history = await asked(weeks, some_campaigns(), query)

    assert ("view", []) == (history["source"], server.asked)
    assert ("code_type" in query) == (history["note"] is not None)
