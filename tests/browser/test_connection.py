"""The connection breaks and comes back: figures are never shown as newer than they are."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.playing import many
from tests.browser.site import Site, Visits

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CHUNK = 65_536


class Line:
    """A line to the inventory that can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: set[asyncio.StreamWriter] = set()
        self.is_cut = False

    def cut(self) -> None:
        """All connections end, and new ones at once."""
        self.is_cut = True
        for end in self._ends:
            end.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        if self.is_cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {writer, far_writer}
        await asyncio.gather(passed(reader, far_writer), passed(far_reader, writer))


async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until it ends."""
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def a_line(url: str) -> AsyncIterator[tuple[Line, str]]:
    """A line, and the address of its near end."""
    line = Line(urlsplit(url).port or 0)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    try:
        yield line, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        line.cut()
        server.close()
        await server.wait_closed()


async def test_a_broken_connection_is_shown_and_mends_itself(site: Site, visits: Visits) -> None:
    """The figures stay with the time they are of; what happened meanwhile is there after it."""
    visits.may_be_refused = True
    async with a_line(site.url) as (line, url):
        page = await visits.open(url)
        await page.get_by_role("searchbox").fill("many-450")
        available = page.locator("#rows [data-label='Available'] .value")
        connection = page.locator("#connection")
        await expect(available).to_have_text(re.compile(r"^\d"))
        before = await available.text_content() or ""
        await expect(connection).to_contain_text("Live")

        line.cut()
        await expect(connection).to_have_text(re.compile(r"^Connection lost\. Numbers of \d\d:\d\d:\d\d\. "))
        await expect(page.locator("#announcer")).to_have_text("Connection lost.")
        await site.player.stock(many(451)[450]._replace(available=777))
        await expect(available).to_have_text(before)
        line.is_cut = False

        await expect(available).to_have_text("777")
        await expect(connection).to_contain_text("Live")
        await expect(page.locator("#announcer")).to_have_text("Connected again.")
        await page.close()
