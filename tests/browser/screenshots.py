"""The pictures of the README: the real page of a real inventory, with played events. `make screenshots`.

In:   the local stack (joined, or started for this), Chromium.
Out:  `docs/img/inventory-light.png`, `-dark.png`, `-phone.png`, each under `BYTES_MAX`.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from playwright.async_api import Browser, Page

import devstack
from ops.broker.migrate import migrate
from ops.settings.load import load_settings
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE
from tests.browser.chromium import DESK, PHONE, a_browser
from tests.browser.playing import CountKey, Player, a_player, an_import, beating, gone, summer
from tests.conftest import fresh_environment, remove
from tests.integration.watching import watching
from tests.places import ROOT

FOLDER: Final = ROOT / "docs" / "img"
BYTES_MAX: Final = 200_000
SEED: Final = 7
LONG_PHONE: Final = (PHONE[0], 1_060)
"""So that the first campaigns are in the picture."""
MINUTES: Final = 50
NAMES: Final = {"CODES_KAFKA__GROUP_PREFIX": "sales-"}
"""What the pictures show of the environment."""
TURNS: Final = 5
TURN_S: Final = 6.0
"""The lag is published every five seconds: after several of these its trend is known."""


def main() -> None:
    """Play on the local stack, and take the pictures."""
    stack = devstack.up()
    try:
        asyncio.run(on_topics_of_its_own({**fresh_environment(stack), **NAMES}))
    finally:
        if stack.started_by_this_call:
            devstack.down()


async def on_topics_of_its_own(environment: dict[str, str]) -> None:
    """Topics are made, and removed again."""
    settings = load_settings(environment)
    await migrate(settings)
    try:
        with tempfile.TemporaryDirectory() as logs:
            async with (
                watching(environment, Path(logs) / "inventory.log") as watcher,
                a_player(settings) as player,
                a_browser() as browser,
            ):
                alive = asyncio.create_task(beating(settings, worker=2, importer=1, expirer=1))
                await take(browser, watcher.url, player)
                alive.cancel()
    finally:
        await remove(settings)


async def take(browser: Browser, url: str, player: Player) -> None:
    """All pictures, of pages that were open while things happened."""
    await past(player)
    pages = {
        "light": await opened(browser, url, DESK),
        "dark": await opened(browser, url, DESK, color_scheme="dark"),
        "phone": await opened(browser, url, LONG_PHONE, device_scale_factor=1.5, has_touch=True, is_mobile=True),
    }
    for turn in range(TURNS):
        await present(player, turn)
        await asyncio.sleep(TURN_S)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        content = await page.screenshot(path=FOLDER / f"inventory-{name}.png")
        assert len(content) < BYTES_MAX, f"{name}: {len(content)} bytes"


async def opened(browser: Browser, url: str, size: Sequence[int], **more: Any) -> Page:  # passed on
    """A page of its own size and colours."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#rows tr").first.wait_for()
    return page


async def past(player: Player) -> None:
    """The last hour: full shelves, and how they went; what was imported; the dead letters."""
    now = datetime.now(UTC)
    for minute in range(MINUTES, -1, -1):
        at = now - timedelta(minutes=minute)
        await player.stock(*shelves(MINUTES - minute), at=at)
    for topic in (RESERVE, ASSIGN, RELEASE):
        await player.read_by("worker", topic)
    await player.read_by("importer", IMPORT)
    ended = {"state": "completed", "at": now - timedelta(minutes=14)}
    await player.imports(
        an_import("spring-restock", "blue-hour-oslo", 1, 60_000, **ended),
        an_import("partner-codes-2", "club-night-paris", 0, state="failed", reason="no_such_object"),
    )
    await player.dead_letters({"not_json": 2, "invalid": 9})


async def present(player: Player, turn: int) -> None:
    """One more moment."""
    await player.stock(*shelves(MINUTES + turn / 10))
    await player.requests(RESERVE, 40 * turn)
    await player.imports(
        an_import("2026-11-24-vip", "aurora-tour-berlin", 0.4 + turn / 20),
        an_import("harbour-late", "harbour-fest-dublin", 0.08 + turn / 50, code_type="external"),
    )


def shelves(minutes: float) -> list[CountKey]:
    """Every shelf after so many minutes of selling; a few are nearly, or all, gone."""
    found = [gone(shelf, min(pace * minutes * 3, 0.86)) for shelf, pace in summer(Random(SEED))]
    for place, part in ((3, 0.93), (11, 0.955), (19, 1.0)):
        found[place] = gone(found[place], min(part * minutes / MINUTES, part))
    return found


if __name__ == "__main__":
    main()
