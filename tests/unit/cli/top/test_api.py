"""How `codes top` reads the inventory's API, and its messages if there is no answer."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.exits import exit_code
from cli.main import app
from cli.top.api import Wanted, checked, opened
from cli.top.errors import ApiDenied, ApiUnavailable, ApiUnreadable
from cli.top.live import Screen
from consumers.inventory.role import Lags
from ops.exit_codes import Exit
from schemas.errors import BrokerUnavailable, CodeServiceError, SettingsInvalid
from schemas.settings import InventorySettings
from tests.fakes.filled_view import FilledView
from web.app import web_app
from web.auth import Guard
from web.stream import Streams

SECRET = "a-secret-of-thirty-two-characters-at-least"
GUARDED = InventorySettings(jwt_secret=SecretStr(SECRET))


@asynccontextmanager
async def serving(
    filled: FilledView, settings: InventorySettings | None = None, lags: Lags | None = None
) -> AsyncIterator[BaseTestServer]:
    """The real application, with the data that a test gives it; Kafka answers, and no group reads."""
    guard = Guard(settings or InventorySettings())
    streams = Streams(filled.view, Lags([]) if lags is None else lags, filled.topics, 9)
    async with TestServer(web_app(guard, streams, Path("/-"))) as server:
        yield server


def token(**claims: Any) -> SecretStr:
    return SecretStr(jwt.encode({"exp": time.time() + 3600, **claims}, SECRET, algorithm="HS256"))


def address(server: BaseTestServer) -> str:
    return str(server.make_url("/"))


def some_campaigns() -> FilledView:
    filled = FilledView()
    filled.change("Berlin", 1, 50)
    filled.change("Oslo", 1, 500)
    filled.change("Oslo", 2, 440, 60)
    filled.imported("i1", "running")
    return filled


async def test_the_api_selects_and_sorts_the_figures() -> None:
    """So the first of thousands of campaigns are shown, and the rest counted."""
    async with serving(some_campaigns()) as server, opened(address(server), None) as api:
        soon_empty = await api.figures(Wanted(), 1)
        berlin = await api.figures(Wanted(search="BER", sort="total"))

    assert (["Oslo"], 2) == ([item.campaign_id for item in soon_empty.campaigns.items], soon_empty.campaigns.total)
    assert ["Berlin"] == [item.campaign_id for item in berlin.campaigns.items]
    assert (1, 0) == (len(soon_empty.imports.items), len(berlin.imports.items))


async def test_a_token_opens_the_api() -> None:
    """A trailing line feed, as in files, is ignored."""
    padded = SecretStr(token(supreme=True).get_secret_value() + "\n")
    async with serving(some_campaigns(), GUARDED) as server, opened(address(server), padded) as api:
        assert 2 == (await api.figures(Wanted())).campaigns.total


@pytest.mark.parametrize(("shown", "status"), [(None, 401), (token(), 403), (SecretStr("x.y.z"), 401)])
async def test_without_access_the_message_has_a_remedy(shown: SecretStr | None, status: int) -> None:
    """It does not contain the token."""
    async with serving(FilledView(), GUARDED) as server, opened(address(server), shown) as api:
        with pytest.raises(ApiDenied) as raised:
            await api.figures(Wanted())

    assert f": {status}, " in str(raised.value)
    assert shown is None or shown.get_secret_value() not in str(raised.value)
    assert Exit.FAILED == exit_code(raised.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(text="{}"), ApiUnreadable),
        (web.Response(text="<html>", status=200), ApiUnreadable),
        (web.Response(status=404), ApiUnreadable),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), ApiUnreadable),
        (web.Response(status=503), ApiUnavailable),
    ],
)
async def test_another_server_is_recognised(answer: web.Response, error: type[CodeServiceError]) -> None:
    """There is no traceback, and the token is not sent to the target of a redirect."""

    async def serve(_request: web.Request) -> web.Response:
        return answer

    other = web.Application()
    other.router.add_get("/{path:.*}", serve)
    async with TestServer(other) as server, opened(address(server), token()) as api:
        with pytest.raises(error):
            await api.figures(Wanted())


async def test_the_last_figures_stay_while_there_is_no_answer() -> None:
    """They are marked stale, with reason and remedy; without a first answer the command fails."""
    async with serving(some_campaigns()) as server, opened(address(server), None) as api:
        screen = Screen(api, Wanted())
        await screen.ask(9)
        before = screen.now()
        await server.close()
        await screen.ask(9)
        after = screen.now()
        with pytest.raises(ApiUnavailable):
            await Screen(api, Wanted()).ask(9)

    assert before.problem is None
    assert before.figures == after.figures
    assert after.problem is not None
    assert "Start `codes inventory`" in after.problem


async def test_figures_without_kafka_are_stale_and_count_towards_the_time_out() -> None:
    """The inventory answers, and what it answers grows old; the next heartbeat makes the figures fresh again."""
    filled = some_campaigns()
    filled.beats("worker", seconds=5)
    async with serving(filled) as server, opened(address(server), None) as api:
        screen = Screen(api, Wanted())
        await screen.ask(9)
        assert screen.now().problem is None
        filled.now += timedelta(seconds=5)
        await screen.ask(9)
        stale = screen.now()
        screen.check(60)
        screen.fresh_at_s -= 61
        await screen.ask(9)
        with pytest.raises(BrokerUnavailable, match="no answer from Kafka, for 60 s") as raised:
            screen.check(60)
        filled.beats("worker")
        await screen.ask(9)
        screen.check(60)

    assert "Kafka unavailable" in str(stale.problem)
    assert stale.figures.campaigns.total == 2
    assert Exit.UNREACHABLE == exit_code(raised.value)
    assert screen.now().problem is None


async def test_figures_of_an_inventory_that_loads_are_not_called_stale() -> None:
    """They are incomplete, which the screen says; Kafka answers."""
    filled = some_campaigns()
    filled.view.is_loaded = False
    async with serving(filled) as server, opened(address(server), None) as api:
        screen = Screen(api, Wanted())
        await screen.ask(9)

    assert (None, True) == (screen.now().problem, screen.now().figures.health.loading)


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://here", "http://", "http://me:secret@here", "http://a:b:c"])
def test_a_malformed_address_is_refused(url: str) -> None:
    """The message does not repeat it: it may contain a password."""
    with pytest.raises(SettingsInvalid) as raised:
        checked(url)

    assert "secret" not in str(raised.value)


def test_an_address_may_have_a_path() -> None:
    """A proxy may serve the API below a path."""
    assert "https://here/codes" == checked("https://here/codes/")


def test_without_a_port_the_address_must_be_given() -> None:
    """The message names the option `--url`; exit code 2."""
    ended = CliRunner().invoke(app, ["top"], env={"CODES_INVENTORY__PORT": "0"})

    assert Exit.USAGE == ended.exit_code
    assert "--url" in ended.output
