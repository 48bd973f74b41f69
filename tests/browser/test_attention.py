"""What needs attention and shows nowhere else: a group that stands still, a broker that is unavailable."""

import signal
import time

import pytest
from playwright.async_api import Page, expect

from schemas.topics import RELEASE
from tests.browser.site import Site, Visits
from tests.integration.freezing import frozen

BACK_MS = 70_000
"""A broker that was frozen is not asked again at once, and takes a while to answer everything."""

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def later(page: Page, seconds: float) -> None:
    """The page's clock goes on; what it waits for comes when it would."""
    await page.clock.set_system_time(time.time() + seconds)


async def test_a_group_that_stands_still_is_a_card(site: Site, visits: Visits) -> None:
    """It says which, and how many records wait; it goes when the worker goes on."""
    page = await visits.open(site.url)
    records = page.locator("#lag tr").filter(has_text=RELEASE.name).locator("td").first
    card = page.locator("#attention li", has_text=RELEASE.name)
    await expect(records).to_have_text("0")
    site.worker.signal(signal.SIGSTOP)
    try:
        await site.neighbour.send(RELEASE, b"{}", partition=0)
        await expect(records).to_have_text("1")
        await later(page, 60)
        await expect(card).to_contain_text("stalled")
        await expect(card).to_contain_text("1 record waits")
    finally:
        site.worker.signal(signal.SIGCONT)
    await expect(card).to_have_count(0)


async def test_an_unavailable_broker_is_a_card(site: Site, visits: Visits) -> None:
    """No figure of the lag is shown as known meanwhile; it goes when the broker answers."""
    page = await visits.open(site.url)
    card = page.locator("#attention li", has_text="The broker does not answer")
    await expect(page.locator("#lag tr").filter(has_text=RELEASE.name)).to_be_visible()
    async with frozen("kafka"):
        await expect(card).to_contain_text("unknown")
    await expect(card).to_have_count(0, timeout=BACK_MS)
