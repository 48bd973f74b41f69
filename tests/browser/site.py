"""The service as its page shows it: inventory, worker and importer run, and a browser looks.

Out: `Site`, `a_site` (the running roles, and what moves them), `Visits` (pages, watched while they are open).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page

from ops.settings.load import Settings
from tests.browser.chromium import DESK
from tests.browser.playing import Player, a_player
from tests.integration.acting import acting_with
from tests.integration.importing import Files, some_files
from tests.integration.running import Neighbour, Role, a_neighbour, running
from tests.integration.watching import watching

SECRET: Final = "the secret of the tests, 32 or longer"
NOBODY: Final = "http://127.0.0.1:1"
"""A Prometheus that is unavailable."""
NOT_LOADED: Final = "Failed to load resource"
"""What the browser writes of a refused or broken request, whatever the page makes of it."""


@dataclass(frozen=True)
class Site:
    """The running roles and their addresses."""

    url: str
    guarded_url: str
    """Of a second inventory, which wants tokens."""
    player: Player
    neighbour: Neighbour
    files: Files
    worker: Role


@asynccontextmanager
async def a_site(environment: Mapping[str, str], settings: Settings, logs: Path) -> AsyncIterator[Site]:
    """Everything is ready."""
    guard = {"CODES_INVENTORY__JWT_SECRET": SECRET, "CODES_INVENTORY__JWT_LEEWAY_S": "0"}
    history = {
        "CODES_INVENTORY__HISTORY_URI": environment["CODES_MONGO__URI"],
        "CODES_INVENTORY__PROMETHEUS_URL": NOBODY,
    }
    async with AsyncExitStack() as exits:
        files = exits.enter_context(some_files(environment))
        actions = acting_with(environment, files)
        worker = await exits.enter_async_context(running("worker", environment, logs / "worker.log"))
        importer = await exits.enter_async_context(running("importer", environment, logs / "importer.log"))
        open_one, guarded = await asyncio.gather(
            exits.enter_async_context(watching(environment, logs / "inventory.log", **history, **actions)),
            exits.enter_async_context(watching(environment, logs / "guarded.log", **guard)),
        )
        await asyncio.gather(worker.until_ready(), importer.until_ready())
        yield Site(
            url=f"{open_one.url}/",
            guarded_url=f"{guarded.url}/",
            player=await exits.enter_async_context(a_player(settings)),
            neighbour=await exits.enter_async_context(a_neighbour(settings)),
            files=files,
            worker=worker,
        )


@dataclass
class Visits:
    """Pages of one test. What they ask for and complain of is kept, and judged at the end."""

    browser: Browser
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    may_be_refused: bool = False
    """Whether requests may fail: the test is about that."""

    async def open(self, url: str, size: tuple[int, int] = DESK, **context: Any) -> Page:
        """A page in a context of its own, as a person who comes the first time."""
        made = await self.browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        page = await made.new_page()
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(url)
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        is_expected = self.may_be_refused and message.text.startswith(NOT_LOADED)
        if message.type in {"error", "warning"} and not is_expected:
            self.complaints.append(message.text)

    async def end(self) -> None:
        """Close them all. No page may have asked another host than its own, nor complained."""
        for context in self.browser.contexts:
            await context.close()
        assert len(self.hosts) <= 1, self.hosts
        assert [] == self.complaints
