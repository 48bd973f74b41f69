"""Is anything stuck? The strip says it within five seconds of the fault, and since when."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from devstack.shape import PartName
from schemas.topics import RESERVE
from tests.browser.site import Site, Visits
from tests.integration.freezing import frozen
from tests.integration.running import running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

SEEN_MS_MAX = 20_000
"""Five seconds are promised, see `tests/unit/handlers/inventory/test_health.py`; the rest is for a busy machine."""
BACK_MS = 70_000
"""A part that was frozen is not asked again at once, and takes a while to answer everything."""


def entry(page: Page, name: str) -> Locator:
    return page.locator("#health li").filter(has=page.get_by_text(name, exact=True))


async def test_every_role_and_part_is_named(site: Site, visits: Visits) -> None:
    """What runs says how many; what does not run is gone, and needs attention."""
    page = await visits.open(site.url)

    await expect(page.locator("#health li")).to_have_count(6)
    await expect(entry(page, "Workers")).to_contain_text("1 running since")
    await expect(entry(page, "MongoDB")).to_contain_text("answers")
    await expect(entry(page, "S3")).to_contain_text("answers")
    await expect(entry(page, "Expirers")).to_contain_text("gone")
    await expect(page.locator("#attention li", has_text="No expirer runs")).to_be_visible()
    await expect(page.locator("#loading")).to_be_hidden()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        pytest.param("database", "MongoDB", marks=pytest.mark.thorough),
        pytest.param("s3", "S3", marks=pytest.mark.thorough),
        ("kafka", "Kafka"),
    ],
)
async def test_a_part_without_an_answer_is_gone_in_five_seconds(
    site: Site, visits: Visits, part: PartName, name: str
) -> None:
    """The head of the page says so too, although it is live; afterwards the part answers again."""
    page = await visits.open(site.url)
    await expect(entry(page, name)).to_contain_text("answers")
    async with frozen(part):
        began = time.monotonic()
        await expect(entry(page, name)).to_have_attribute("data-state", "gone")
        took_ms = (time.monotonic() - began) * 1_000
        await expect(page.locator("#connection")).to_contain_text(f"{name} gone")
        await expect(page.locator("#attention li", has_text=name)).to_contain_text("gone")
    await expect(entry(page, name)).to_have_attribute("data-state", "ok", timeout=BACK_MS)

    assert took_ms < SEEN_MS_MAX


@pytest.mark.thorough
async def test_a_worker_that_stands_still_is_gone_and_its_records_wait(site: Site, visits: Visits) -> None:
    """Both are said by the server: a page that has just been opened shows them at once."""
    before = await visits.open(site.url)
    await expect(entry(before, "Workers")).to_have_attribute("data-state", "ok")
    site.worker.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        await site.neighbour.send(RESERVE, b"{}", partition=0)
        await expect(entry(before, "Workers")).to_have_attribute("data-state", "gone")
        took_ms = (time.monotonic() - began) * 1_000
        await expect(before.locator("#attention li", has_text=RESERVE.name)).to_contain_text("stalled")
        page = await visits.open(site.url)
        await expect(entry(page, "Workers")).to_contain_text("no process runs", timeout=SEEN_MS_MAX)
        await expect(page.locator("#lag tr").filter(has_text=RESERVE.name)).to_contain_text("stalled")
    finally:
        site.worker.signal(signal.SIGCONT)
    await expect(entry(before, "Workers")).to_have_attribute("data-state", "ok")
    await expect(before.locator("#attention li", has_text=RESERVE.name)).to_have_count(0)

    assert took_ms < SEEN_MS_MAX


async def test_a_role_that_starts_and_is_killed(
    site: Site, visits: Visits, environment: dict[str, str], tmp_path: Path
) -> None:
    """The strip follows; a screen reader is told once."""
    page = await visits.open(site.url)
    async with running("expirer", environment, tmp_path / "expirer.log") as expirer:
        await expect(entry(page, "Expirers")).to_contain_text("1 running")
        expirer.signal(signal.SIGKILL)
        await expect(entry(page, "Expirers")).to_contain_text("ended without a stop")
    await expect(page.locator("#announcer")).to_contain_text("Expirers gone.")


async def test_before_the_figures_are_there_it_loads(site: Site, visits: Visits) -> None:
    """Nothing is said to need no attention, and no campaign is missing."""
    held = asyncio.Event()
    page = await visits.open(site.url)

    async def hold(route: object) -> None:
        await held.wait()
        await route.continue_()  # type: ignore[attr-defined]  # a Route

    await page.route("**/api/stream", hold)
    await page.reload(wait_until="commit")
    await expect(page.locator("#loading")).to_be_visible()
    await expect(page.get_by_text("Nothing needs attention.")).to_be_hidden()
    await expect(page.locator("#campaigns-none")).to_be_hidden()
    held.set()
    await expect(page.locator("#loading")).to_be_hidden()
