"""The page without a mouse and without a screen: keys alone, and what a screen reader reads."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.playing import many
from tests.browser.site import Site, Visits

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

ANNOUNCED_AFTER_MS = 2_000

STRUCTURE = """
- link "Skip to the campaigns"
- banner:
  - heading "Codes inventory" [level=1]
- status
- main:
  - search "Everything":
    - searchbox "Search campaigns and imports by name; requests, fans and codes by id"
    - button "Search"
  - region "Needs attention":
    - heading "Needs attention" [level=2]
  - region "Campaigns":
    - heading "Campaigns" [level=2]
    - combobox "Show"
    - table /Campaigns with their codes/:
      - rowgroup:
        - row:
          - columnheader "Campaign":
            - button "Campaign"
          - columnheader "Codes by type"
          - columnheader "Available":
            - button "Available"
      - rowgroup:
        - row /many-000/:
          - rowheader /many-000/:
            - link "many-000"
          - cell /tm. 1,000 available, 0 reserved, [0-9,]+ assigned/
  - region "Imports"
  - region "Lag":
    - table /Records not read yet/
  - region "Stock alerts"
  - region /Dead letters/
"""

NAMELESS = """() => [...document.querySelectorAll('button, input, select, a[href], img, svg[role], progress, dialog')]
    .filter((control) => !control.closest('[hidden]') && control.checkVisibility())
    .filter((control) => !control.ariaLabel && !control.labels?.length && !control.ariaLabelledByElements?.length)
    .filter((control) => !control.textContent.trim())
    .map((control) => control.outerHTML)"""


async def focused(page: Page) -> str:
    """The name of what has the focus."""
    found: str = await page.evaluate("document.activeElement.textContent || document.activeElement.id")
    return found


async def press_until(page: Page, name: str, most: int = 40, key: str = "Tab") -> None:
    """Press a key until it has the focus."""
    for _ in range(most):
        await page.keyboard.press(key)
        if name == await focused(page):
            return
    raise AssertionError(f"{name} is not reached by {key}")


async def test_keys_alone_find_sort_open_and_close(site: Site, visits: Visits) -> None:
    """Skip link, search, a column's button, a campaign's dialog; Escape gives the focus back."""
    page = await visits.open(site.url)
    await expect(page.locator("#rows tr").first).to_be_visible()
    await page.keyboard.press("Tab")
    assert "Skip to the campaigns" == await focused(page)
    assert await page.get_by_role("link", name="Skip to the campaigns").bounding_box() is not None
    await press_until(page, "search")
    await page.keyboard.type("many-40")
    await expect(page.locator("#rows tr")).to_have_count(10)

    await press_until(page, "Skip to the campaigns", key="Shift+Tab")
    await page.keyboard.press("Enter")
    await press_until(page, "Available")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("columnheader", name="Available")).to_have_attribute("aria-sort", "descending")
    await press_until(page, "many-409")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="many-409")
    await expect(dialog).to_be_visible()
    assert await page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()

    assert "many-409" == await focused(page)
    await expect(page).to_have_url(f"{site.url}#campaigns")


async def test_what_has_the_focus_is_seen(site: Site, visits: Visits) -> None:
    """Whatever Tab reaches has an outline of two pixels or more."""
    page = await visits.open(site.url)
    await expect(page.locator("#rows tr").first).to_be_visible()
    for _ in range(12):
        await page.keyboard.press("Tab")
        outline = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
        assert await page.evaluate(outline) >= 2, await focused(page)


async def test_a_screen_reader_finds_the_structure(site: Site, visits: Visits) -> None:
    """Landmarks, headings, a table with heads that are buttons; the bars in words; every control has a name."""
    page = await visits.open(site.url)
    await page.get_by_role("searchbox").fill("many-000")
    await expect(page.locator("#rows tr")).to_have_count(1)

    await expect(page.locator("body")).to_match_aria_snapshot(STRUCTURE)
    assert [] == await page.evaluate(NAMELESS)
    assert "en" == await page.locator("html").get_attribute("lang")


async def test_only_news_is_read_aloud(site: Site, visits: Visits) -> None:
    """No live region says anything while figures change."""
    page = await visits.open(site.url)
    await page.get_by_role("searchbox").fill("many-48")
    row = page.locator("#rows tr", has=page.get_by_role("link", name="many-480"))
    available = row.locator("[data-label='Available'] .value")
    await expect(available).to_have_text("1,480")
    total = await page.evaluate(
        "fetch('api/campaigns?limit=1').then((answer) => answer.json()).then((page) => page.total)"
    )
    await expect(page.locator("#found")).to_have_text(f"10 of {total} campaigns")
    said = "[...document.querySelectorAll('[aria-live], output, [role=alert]')].map((region) => region.textContent)"
    before = await page.evaluate(said)
    await site.player.stock(many(481)[480]._replace(available=1_400, reserved=560))
    await expect(available).to_have_text("1,400")
    await page.wait_for_timeout(ANNOUNCED_AFTER_MS)

    assert before == await page.evaluate(said)
