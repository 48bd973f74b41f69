"""What axe finds: nothing, on a desk and on a phone, in light and dark, on the page and in its dialogs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import DESK
from tests.browser.playing import an_import
from tests.browser.site import Site, Visits
from tests.places import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

AXE = (ROOT / "tests/data/axe/axe.min.js").read_text()
PHONE = (390, 844)
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"


async def violations(page: Page) -> list[str]:
    """The rules that are broken, with the elements that break them."""
    await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate(RUN)
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize(
    ("size", "scheme"), [pytest.param(DESK, "light", marks=pytest.mark.thorough), (DESK, "dark"), (PHONE, "light")]
)
async def test_axe_finds_nothing(site: Site, visits: Visits, size: tuple[int, int], scheme: str) -> None:
    """With items that need attention, marked ones, a running import, and a role that is gone."""
    marked = f"axe-marked-{scheme}-{size[0]}"
    failed: dict[str, Any] = {"state": "failed", "reason": "object_changed"}
    runs = f"axe-runs-{scheme}-{size[0]}"
    await site.player.imports(
        an_import(f"axe-failed-{size[0]}", "sale", 0.5, **failed),
        an_import(marked, "sale", 0.5, **failed, at=datetime.now(UTC)),
        an_import(runs, "sale", 0.25),
    )
    await site.player.dead_letters({"invalid": 1})
    page = await visits.open(site.url, size, color_scheme=scheme)
    await expect(page.locator("#health li[data-state='gone']").first).to_be_visible()
    await page.get_by_role("button", name=f"Acknowledge: Import {marked}").click()
    await page.locator("#marked-count").click()
    await expect(page.locator("#marked li").first).to_be_visible()
    on_page = await violations(page)
    await page.locator("#rows th a").first.click()
    await expect(page.locator("#detail-chart svg")).to_be_visible()
    in_dialog = await violations(page)
    await page.keyboard.press("Escape")
    await page.locator("#dead button").first.click()
    await expect(page.locator("#letters-list li").first).to_be_visible()
    in_letters = await violations(page)

    await site.player.imports(an_import(runs, "sale", 1, state="completed"))
    assert [] == on_page
    assert [] == in_dialog
    assert [] == in_letters
