"""The web application on a view that a test fills, and a client of it.

Out: `api`, a client; `bearer`, a token's header; `some_campaigns`; `events`, the next ones of a stream.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import jwt
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from consumers.inventory.role import Lags
from schemas.records import OutgoingRecord
from schemas.settings import InventorySettings
from tests.fakes.filled_view import FilledView
from tests.fakes.tokens import SECRET
from web.app import web_app
from web.auth import Guard
from web.marks import SendMark, no_marks
from web.past import Past
from web.stream import Streams
from web.weeks import Weeks

GUARDED = InventorySettings(jwt_secret=SecretStr(SECRET))
OPEN = InventorySettings()


@asynccontextmanager
async def api(
    filled: FilledView,
    settings: InventorySettings = OPEN,
    *,
    lags: Lags | None = None,
    limit: int = 9,
    static: Path = Path("/-"),
    sent: list[OutgoingRecord] | None = None,
    send_mark: SendMark | None = None,
    past: Past | None = None,
    weeks: Weeks | None = None,
) -> AsyncIterator[TestClient[Any, Any]]:
    """`sent` takes the records of marks; without it, and without `send_mark`, none can be set."""

    async def keep(record: OutgoingRecord) -> None:
        if sent is None:
            await no_marks(record)
        else:
            sent.append(record)

    streams = Streams(filled.view, lags or Lags(), filled.topics, limit, send_mark=send_mark or keep)
    async with TestClient(TestServer(web_app(Guard(settings), streams, static, past=past, weeks=weeks))) as client:
        yield client
        streams.stopping.set()


TOKEN_S: Final = 3_600
"""A module may make a token when it is imported: long before its tests run."""


def bearer(**claims: Any) -> dict[str, str]:
    token = jwt.encode({"exp": time.time() + TOKEN_S, **claims}, SECRET, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


def some_campaigns() -> FilledView:
    filled = FilledView()
    filled.change("Berlin", 1, 50)
    filled.change("berlin-2", 1, 5)
    filled.change("Oslo", 1, 500)
    filled.change("Oslo", 2, 440, 60)
    return filled


async def events(answer: ClientResponse, count: int) -> list[dict[str, str]]:
    """The next events of a stream."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    async with asyncio.timeout(5):
        while len(found) < count:
            raw = await answer.content.readline()
            assert raw, "the stream ended"
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                found.append(fields)
                fields = {}
    return found
