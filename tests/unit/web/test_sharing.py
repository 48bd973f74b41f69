"""What many viewers cost: each campaign is built once a change, each turn's bytes are made once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from consumers.inventory.lag import Lag
from consumers.inventory.role import Lags
from schemas.settings import InventorySettings
from tests.fakes.filled_view import FilledView
from tests.fakes.tokens import KEY, OTHER_KEY, by_key, jwks
from tests.fakes.web_client import GUARDED, api, bearer, events
from web import stream as stream_module
from web.answers import campaign_of
from web.app import web_app
from web.auth import Guard
from web.campaigns import Campaigns, Wanted
from web.models import CampaignPage
from web.stream import EVERY_S, Streams, news
from web.stream import Client as Viewer

VIEWERS = 200
CAMPAIGNS = 50


def busy(filled: FilledView, version: int) -> None:
    """Every campaign changes."""
    for number in range(CAMPAIGNS):
        filled.change(f"c{number}", version, 1_000 - version, version)


def streams_of(filled: FilledView) -> Streams:
    return Streams(filled.view, Lags(), filled.topics, VIEWERS)


def campaigns_in(content: bytes) -> dict[str, int]:
    """What a turn says of each campaign: its available codes."""
    [line] = [line for line in content.decode().splitlines() if line.startswith('data: {"items":[{"available"')]
    return {
        campaign["campaign_id"]: campaign["available"]
        for campaign in json.loads(line.removeprefix("data: "))["items"]
    }


def test_a_change_is_built_once_for_all_viewers() -> None:
    """The work of a turn is that of one viewer, and all get the very same bytes."""
    filled = FilledView()
    streams, viewers = streams_of(filled), [Viewer(-1) for _ in range(VIEWERS)]
    for turn in range(4):
        busy(filled, turn + 1)
        contents = {id(news(streams, viewer, turn * EVERY_S)) for viewer in viewers}
        assert 1 == len(contents)

    assert 4 * CAMPAIGNS == streams.campaigns.builds


def test_a_viewer_misses_no_change_whenever_it_is_served() -> None:
    """Also one that connects, or is served, after the turn began and more has changed; and one that skips turns."""
    filled = FilledView()
    streams, quick, late, slow = streams_of(filled), Viewer(-1), Viewer(-1), Viewer(-1)
    known: dict[int, dict[str, int]] = {id(quick): {}, id(late): {}, id(slow): {}}
    version = 0
    for turn in range(6):
        version += 1
        filled.change(f"c{turn}", version, version)
        send_turn(known, streams, quick, turn)
        version += 1
        filled.change(f"c{turn}", version, version)
        filled.change("all", version, version)
        send_turn(known, streams, late, turn)
        if turn % 3 == 0:
            send_turn(known, streams, slow, turn)
    for viewer in (quick, late, slow):
        send_turn(known, streams, viewer, 7)

    wanted = {stock.campaign_id: stock.types["tm"].shards["s"].available for stock in filled.view.stocks()}
    assert [wanted] * 3 == list(known.values())


def send_turn(known: dict[int, dict[str, int]], streams: Streams, viewer: Viewer, turn: int) -> None:
    """Send a viewer its turn."""
    content = news(streams, viewer, turn * EVERY_S)
    if b"event: campaigns" in content:
        known[id(viewer)] |= campaigns_in(content)


def test_lags_that_are_read_within_a_turn_are_sent_at_the_next() -> None:
    """A viewer served later in the turn gets the turn's bytes, and must not be taken to know more."""
    filled = FilledView()
    streams, first, second = streams_of(filled), Viewer(-1), Viewer(-1)
    news(streams, first, 0.0)
    streams.lags.now = [Lag("g", "codes.t", 0, 5, 9, 4, 1.5)]
    news(streams, second, 0.1)

    assert b"event: lag" in news(streams, second, EVERY_S)


def test_what_is_shared_is_what_would_be_built() -> None:
    """After a change, after time has passed without one, and for each sort."""
    filled = FilledView()
    shelf = Campaigns(filled.view)
    for version in (1, 2, 3):
        busy(filled, version)
        for _ in range(40):
            filled.now += timedelta(seconds=7)
            for stock in filled.view.stocks()[:3]:
                fresh = campaign_of(stock, filled.view.motion(stock.campaign_id), filled.now)
                assert fresh.model_dump_json() == shelf.get(stock).json


@pytest.mark.parametrize("sort", ["name", "available", "total", "rate", "empty", "changed"])
def test_only_what_a_page_shows_is_built(sort: Any) -> None:
    """Sorting needs no campaign's JSON."""
    filled = FilledView()
    for number in range(CAMPAIGNS):
        filled.change(f"c{number}", 1, 100 + number)
        filled.change(f"c{number}", 2, 100, number)
    shelf = Campaigns(filled.view)
    page = CampaignPage.model_validate_json(shelf.page(Wanted(sort=sort, offset=5, limit=10)))

    everyone = CampaignPage.model_validate_json(Campaigns(filled.view).page(Wanted(sort=sort, limit=500))).items
    assert (10, CAMPAIGNS, everyone[5:15]) == (shelf.builds, page.total, page.items)


class TestLimits:
    async def test_one_token_has_a_limit_of_its_own(self) -> None:
        """429 names the setting; another token is served, and a stream that ends makes room."""
        filled = FilledView()
        streams = Streams(filled.view, Lags(), filled.topics, 9, 1)
        async with TestClient(TestServer(web_app(Guard(GUARDED), streams, Path("/-")))) as client:
            mine, other = bearer(supreme=True, sub="a"), bearer(supreme=True, sub="b")
            first = await client.get("/api/stream", headers=mine)
            await events(first, 1)
            refused = await client.get("/api/stream", headers=mine)
            assert HTTPStatus.OK == (await client.get("/api/stream", headers=other)).status
            first.close()
            async with asyncio.timeout(10):
                while (await client.get("/api/stream", headers=mine)).status != HTTPStatus.OK:
                    filled.change("sale", streams.view.revision + 1, 1)
                    await asyncio.sleep(0.1)
            streams.stopping.set()
            problem = await refused.json()

        assert (HTTPStatus.TOO_MANY_REQUESTS, "too_many_streams") == (refused.status, problem["error"])
        assert "CODES_INVENTORY__STREAMS_PER_TOKEN_MAX" in problem["detail"]


class TestAccess:
    @pytest.mark.parametrize("left", [{"b": OTHER_KEY}, {}])
    async def test_a_key_taken_out_ends_the_streams_it_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: dict[str, Any]
    ) -> None:
        """Also if it was the last one; a stream whose key is still there goes on."""
        monkeypatch.setattr(stream_module, "ACCESS_S", 0.2)
        file = tmp_path / "keys"
        file.write_bytes(jwks(a=KEY, b=OTHER_KEY))
        filled = FilledView()
        filled.now = datetime.now(UTC)
        async with api(filled, InventorySettings(jwt_keys_file=str(file))) as client:
            taken, kept = [
                await client.get("/api/stream", headers={"Authorization": f"Bearer {by_key(key, kid)}"})
                for key, kid in ((KEY, "a"), (OTHER_KEY, "b"))
            ]
            await events(taken, 1)
            await events(kept, 1)
            file.write_bytes(jwks(**left))
            async with asyncio.timeout(10):
                await taken.content.read()
            filled.change("sale", 1, 1)
            if left:
                assert "campaigns" in {event["event"] for event in await events(kept, 6)}
            else:
                await kept.content.read()

        assert taken.content.at_eof()
        assert (not left) == kept.content.at_eof()
