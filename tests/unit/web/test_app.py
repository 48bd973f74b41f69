"""The API: what it answers, to whom, and its description."""

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from consumers.inventory.lag import Lag
from consumers.inventory.role import Lags
from interfaces.http import openapi
from schemas.topics import Topics
from tests.fakes.filled_view import FilledView
from tests.fakes.web_client import GUARDED, api, bearer, events, some_campaigns
from web.actions.performing import Acting
from web.app import Api
from web.auth import Guard
from web.past import Past
from web.stream import Streams


async def ids(client: TestClient[Any, Any], query: str) -> list[str]:
    answer = await client.get(f"/api/campaigns?{query}")
    return [campaign["campaign_id"] for campaign in (await answer.json())["items"]]


class TestAnswers:
    async def test_campaigns_are_searched_sorted_and_paged(self) -> None:
        """In any case, by any figure, both ways."""
        async with api(some_campaigns()) as client:
            assert ["Berlin", "Oslo", "berlin-2"] == await ids(client, "")
            assert ["Berlin", "berlin-2"] == await ids(client, "search=BERLIN")
            assert ["berlin-2", "Berlin", "Oslo"] == await ids(client, "sort=available")
            assert "Oslo" == (await ids(client, "sort=total&order=desc"))[0]
            assert ["Oslo"] == await ids(client, "sort=empty&limit=1")
            page = await (await client.get("/api/campaigns?offset=2&limit=2")).json()

        assert (3, 2, 2, 1) == (page["total"], page["offset"], page["limit"], len(page["items"]))

    async def test_a_campaign_has_counts_rates_and_an_end(self) -> None:
        """By type too; the end is judged by the faster rate."""
        async with api(some_campaigns()) as client:
            campaign = await (await client.get("/api/campaigns/Oslo")).json()
            history = await (await client.get("/api/campaigns/Oslo/history?resolution=coarse&code_type=tm")).json()
            week = await (await client.get("/api/campaigns/Oslo/history?resolution=hourly")).json()

        assert (440, 60, 0, 500) == tuple(campaign[key] for key in ("available", "reserved", "assigned", "total"))
        assert (1.0, 0.2) == (campaign["rate_1m"], campaign["rate_5m"])
        assert (1.0, 440.0) == (campaign["empty_rate"], campaign["empty_in_s"])
        assert campaign["types"]["tm"] == {**campaign["types"]["tm"], "available": 440, "standing": "enough"}
        assert (60, 440) == (history["step_s"], history["points"][-1]["available"])
        assert (3_600, 440) == (week["step_s"], week["points"][-1]["available"])

    async def test_imports_alerts_lag_and_dead_letters(self) -> None:
        """Counts and headers; the content of a dead letter is nowhere."""
        filled = some_campaigns()
        filled.imported("i1", "running", rows_read=5, inserted=5, bytes_read=50, bytes_total=200)
        filled.alerted("x")
        filled.dead_letter("not_json")
        lags = Lags([Lag("codes-worker", "codes.reserve.requests.v1", 0, 5, 9, 4, 1.5), Lag("g", "codes.t", 1)])
        async with api(filled, lags=lags) as client:
            answers = {
                path: await (await client.get(f"/api/{path}")).json()
                for path in ("imports", "alerts", "lag", "dead-letters")
            }

        assert (1, 0.25) == (answers["imports"]["running"], answers["imports"]["items"][0]["progress"])
        assert ["x"] == [alert["id"] for alert in answers["alerts"]["items"]]
        assert [("reserve.requests.v1", 4, 1.5), ("t", None, None)] == [
            (lag["topic"], lag["records"], lag["age_s"]) for lag in answers["lag"]["items"]
        ]
        assert (1, 1) == (answers["dead-letters"]["total"], answers["dead-letters"]["reasons"]["not_json"])
        assert "SECRET" not in str(answers)

    async def test_a_lag_that_is_not_known_is_not_zero(self) -> None:
        """It is absent."""
        async with api(FilledView()) as client:
            assert {"known": False, "items": [], "topics": []} == await (await client.get("/api/lag")).json()

    @pytest.mark.parametrize(
        ("path", "status", "word"),
        [
            ("campaigns?sort=fan", 400, "sort"),
            ("campaigns?limit=501", 400, "limit"),
            ("campaigns?limit=1&limit=2", 400, "twice"),
            ("campaigns?serach=x", 400, "serach"),
            ("campaigns/none", 404, "no such campaign"),
            ("campaigns/none/history", 404, "no such campaign"),
            ("campaigns/Oslo/history?resolution=1", 400, "resolution"),
        ],
    )
    async def test_what_is_wrong_is_named(self, path: str, status: int, word: str) -> None:
        """With its parameter, and never its value."""
        async with api(some_campaigns()) as client:
            answer = await client.get(f"/api/{path}")
            problem = await answer.json()

        assert status == answer.status
        assert word in problem["detail"]

    @pytest.mark.parametrize("path", ["v1/fans/f-1", "v1/codes/c-1", "v1/requests/r-1"])
    async def test_histories_are_off_by_default(self, path: str) -> None:
        """The answer names the setting."""
        async with api(some_campaigns()) as client:
            answer = await client.get(f"/api/{path}")
            problem = await answer.json()

        assert (501, "not_enabled") == (answer.status, problem["error"])
        assert "CODES_INVENTORY__HISTORY_URI" in problem["detail"]


class TestAccess:
    async def test_every_path_but_the_description_needs_a_token(self) -> None:
        """401 says how; 403 that it is the claim."""
        filled = some_campaigns()
        routes = Api(Guard(GUARDED), Streams(filled.view, Lags(), filled.topics, 1), Past(), Acting()).routes
        async with api(filled, GUARDED) as client:
            for route in routes:
                path = re.sub(r"{\w+}", "Oslo", route.path)
                if route.open:
                    assert 200 == (await client.get(path)).status
                    continue
                denied = await client.request(route.method, path)
                forbidden = await client.request(route.method, path, headers=bearer())
                assert (401, 403) == (denied.status, forbidden.status), path
                assert 'Bearer realm="codes"' == denied.headers["WWW-Authenticate"]
            assert 200 == (await client.get("/api/campaigns", headers=bearer(supreme=True))).status
            assert 401 == (await client.get(f"/api/campaigns?access_token={bearer(supreme=True)}")).status

    async def test_an_open_api_answers_only_by_this_machines_name(self) -> None:
        """A page of another host, whose name was bent to 127.0.0.1, gets nothing."""
        async with api(FilledView()) as client:
            for host, status in (("evil.example", 421), ("localhost:1", 200), ("[::1]:1", 200), ("127.0.0.1", 200)):
                assert status == (await client.get("/api/lag", headers={"Host": host})).status, host

    async def test_every_answer_forbids_other_hosts(self, tmp_path: Path) -> None:
        """Also the page, which holds no data and needs no token."""
        (tmp_path / "index.html").write_text("<!doctype html>")
        (tmp_path / "page.js").write_text("1")
        async with api(FilledView(), GUARDED, static=tmp_path) as client:
            for path in ("/", "/static/page.js", "/api/lag", "/none"):
                answer = await client.get(path)
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "nosniff" == answer.headers["X-Content-Type-Options"]
            assert 200 == (await client.get("/")).status


class TestStream:
    async def test_a_client_is_sent_all_and_then_what_changes(self) -> None:
        """And goes on where it was, by the last event's id."""
        filled = some_campaigns()
        async with api(filled) as client:
            first = await client.get("/api/stream")
            beginning = await events(first, 7)
            filled.change("Oslo", 3, 400, 100)
            [change] = await events(first, 1)
            filled.imported("i", "running")
            again = await client.get("/api/stream", headers={"Last-Event-ID": change["id"]})
            [later] = await events(again, 1)

        assert ["campaigns", "imports", "alerts", "dead-letters"] == [event["event"] for event in beginning[:4]]
        assert ("campaigns", True, False) == (change["event"], "Oslo" in change["data"], "Berlin" in change["data"])
        assert "imports" == later["event"]

    async def test_changes_between_two_events_are_sent_together(self) -> None:
        """A hundred changes in a moment are one event: at most two a second."""
        filled = some_campaigns()
        async with api(filled) as client:
            answer = await client.get("/api/stream")
            await events(answer, 7)
            for version in range(3, 103):
                filled.change("Oslo", version, 500 - version, version)
            [change] = await events(answer, 1)

        assert '"available":398' in change["data"]

    async def test_one_more_than_the_limit_is_refused(self) -> None:
        """It may come back."""
        async with api(FilledView(), limit=1) as client:
            first = await client.get("/api/stream")
            await events(first, 1)
            assert 503 == (await client.get("/api/stream")).status

    async def test_a_stream_ends_with_its_token(self) -> None:
        """Access is not for ever."""
        filled = FilledView()
        filled.now = datetime.now(UTC)
        settings = GUARDED.model_copy(update={"jwt_leeway_s": 300})
        async with api(filled, settings) as client:
            ends_at = time.time() + 60
            answer = await client.get("/api/stream", headers=bearer(supreme=True, exp=ends_at))
            await events(answer, 1)
            filled.now = datetime.fromtimestamp(ends_at + 301, UTC)
            async with asyncio.timeout(5):
                await answer.content.read()
            assert answer.content.at_eof()


class TestDescription:
    async def test_every_route_and_every_model_is_described(self) -> None:
        """OpenAPI 3.1, as written out; each reference leads somewhere, and each route says what it answers."""
        async with api(FilledView(), GUARDED) as client:
            described = await (await client.get("/api/openapi.json")).json()

        assert openapi() == described
        assert "3.1.0" == described["openapi"]
        routes = Api(Guard(GUARDED), Streams(FilledView().view, Lags(), Topics(""), 1), Past(), Acting()).routes
        assert {route.path for route in routes} == described["paths"].keys()
        models = described["components"]["schemas"]
        assert {name for name in refs(described) if name not in models} == set()
        assert {"Campaign", "CampaignPage", "History", "ImportList", "LagList", "Problem"} <= models.keys()
        campaigns = described["paths"]["/api/campaigns"]["get"]
        assert ["search", "sort", "order", "offset", "limit"] == [
            parameter["name"] for parameter in campaigns["parameters"]
        ]
        assert {"200", "400", "401", "403"} == campaigns["responses"].keys()


def refs(value: Any) -> set[str]:
    """The models that a document refers to."""
    if isinstance(value, dict):
        own = {str(value["$ref"]).rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(refs(item) for item in value.values()))
    return set().union(*(refs(item) for item in value)) if isinstance(value, list) else set()
