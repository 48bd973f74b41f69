"""The one search beyond what the page has: a request, a fan and a code, read from the database on demand."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from schemas.topics import IMPORT, RESERVE
from tests.browser.chromium import PHONE
from tests.browser.site import Site, Visits
from tests.browser.test_access import give, token
from tests.browser.test_appearance import CONTRAST_MIN, FAINT, TOO_WIDE
from tests.browser.test_axe import violations

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CODE_ID = re.compile("[0-9a-f]{32}")


async def look_up(page: Page, name: str) -> None:
    """Search with keys alone."""
    await page.get_by_role("searchbox").fill(name)
    await page.keyboard.press("Enter")


async def a_reservation(site: Site, page: Page) -> None:
    """A campaign with two codes, one of them held by a fan."""
    site.files.put("past.csv", b"code\nP-1\nP-2\n")
    await site.neighbour.send(IMPORT, {**site.files.command("past.csv", "past-import"), "campaign_id": "past-tour"})
    await page.get_by_role("searchbox").fill("past-tour")
    await expect(page.locator("#rows tr")).to_have_count(1)
    request = {"request_id": "past-request", "campaign_id": "past-tour", "fan_id": "past-fan"}
    await site.neighbour.send(RESERVE, request)
    await expect(page.locator("#rows tr [data-label='Available'] .value")).to_have_text("1")


async def test_a_search_finds_a_request_its_fan_and_its_code(site: Site, visits: Visits) -> None:
    """Each leads to the others by links; every step has an address, and can be read on a phone."""
    page = await visits.open(site.url, PHONE)
    await a_reservation(site, page)
    results, says = page.locator("#results > li"), page.locator("#results-says")

    await look_up(page, "past-request")
    await expect(says).to_have_text("No campaign, no import, 1 request, no code, no fan.")
    await expect(results).to_contain_text("Request past-request: reserve, reserved")
    await results.get_by_role("link", name="past-fan").click()
    await expect(results).to_contain_text("Fan past-fan: 0 codes assigned, 1 hold, 1 event.")
    await results.get_by_role("link", name=CODE_ID).click()
    await expect(results).to_contain_text("reserved, tm, past-tour, fan past-fan · imported by past-import")
    await expect(results.locator(".events li")).to_have_count(2)
    assert [] == await page.evaluate(TOO_WIDE)
    assert [] == (await page.evaluate(FAINT, CONTRAST_MIN))["found"]
    assert [] == await violations(page)

    await page.go_back()
    await expect(says).to_have_text("No campaign, no import, no request, no code, 1 fan.")
    assert "?q=past-fan" == await page.evaluate("location.search")
    await page.reload()
    await expect(results).to_contain_text("Fan past-fan")
    await expect(page).to_have_title(re.compile("^Search: past-fan · "))
    await results.get_by_role("link", name="past-tour").first.click()
    await expect(page.get_by_role("dialog", name="past-tour")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(results).to_contain_text("Fan past-fan")


async def test_what_each_kind_found_is_said(site: Site, visits: Visits) -> None:
    """Campaigns and imports as links; nothing of what nobody knows. An empty box shows no results."""
    page = await visits.open(site.url)
    await look_up(page, "many-06")
    await expect(page.locator("#results-says")).to_have_text("10 campaigns, no import, no request, no code, no fan.")
    await expect(page.locator("#results a")).to_have_text([f"many-06{number}" for number in range(10)])
    await look_up(page, "nobody knows this")
    await expect(page.locator("#results-title")).to_have_text("Found for “nobody knows this”")
    await expect(page.locator("#results-says")).to_contain_text("No campaign, no import, no request")
    await expect(page.locator("#results > li")).to_have_count(0)

    await look_up(page, "")
    await expect(page.locator("#found-panel")).to_be_hidden()
    assert "" == await page.evaluate("location.search")


async def test_a_shared_search_survives_the_sign_in_and_goes_with_the_token(site: Site, visits: Visits) -> None:
    """The next person at this screen finds no fan's id. Here histories are off, and the page says so."""
    visits.may_be_refused = True
    page = await visits.open(f"{site.guarded_url}?q={quote('fan-77')}")
    await give(page, token(supreme=True))
    says = page.locator("#results-says")
    off = "Not searched: request, code, fan (histories are off: set CODES_INVENTORY__HISTORY_URI)."
    await expect(says).to_have_text(f"No campaign, no import. {off}")
    await expect(page.get_by_role("searchbox")).to_have_value("fan-77")

    await page.get_by_role("button", name="Forget token").click()

    await expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
    assert ("", "") == (await says.text_content(), await page.locator("#search").input_value())
    await expect(page).to_have_url(site.guarded_url)
