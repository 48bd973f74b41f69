"""The form for histories: what happened to a fan, read from the database on demand."""

import time

import jwt
import pytest
from playwright.async_api import Page, expect

from schemas.topics import RESERVE
from tests.browser.chromium import PHONE
from tests.browser.site import SECRET, Site, Visits
from tests.browser.test_appearance import CONTRAST_MIN, FAINT, TOO_WIDE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def look_up(page: Page, kind: str, name: str) -> None:
    """Fill the form and send it, with keys alone."""
    await page.get_by_label("Look up").select_option(label=kind)
    await page.get_by_label("Id of the fan or code").fill(name)
    await page.keyboard.press("Enter")


async def asked_for(site: Site, fan_id: str) -> None:
    """A fan whose only request was refused."""
    request = {"request_id": f"r-of-{fan_id}", "campaign_id": "none", "fan_id": fan_id}
    await site.neighbour.send(RESERVE, request)


async def until_shown(page: Page, fan_id: str) -> None:
    """The worker decides at its own pace."""
    for _ in range(30):
        await look_up(page, "Fan", fan_id)
        says = page.locator("#past-says")
        await expect(says).not_to_have_text("Searching…")
        if await page.locator("#past-events li").count():
            return
        await page.wait_for_timeout(500)


async def test_a_fans_history_is_listed(site: Site, visits: Visits) -> None:
    """The latest first; it can be read on a phone, and the id is in no address."""
    visits.may_be_refused = True  # 404, until the worker has decided
    await asked_for(site, "fan-77")
    page = await visits.open(site.url, PHONE)
    await until_shown(page, "fan-77")

    await expect(page.locator("#past-events li")).to_have_count(1)
    await expect(page.locator("#past-events li")).to_contain_text("unknown_campaign, campaign none, fan fan-77")
    await expect(page.locator("#past-says")).to_have_text("0 codes assigned, 0 holds, 1 event.")
    assert [] == await page.evaluate(TOO_WIDE)
    assert [] == (await page.evaluate(FAINT, CONTRAST_MIN))["found"]
    assert "fan-77" not in page.url


async def test_what_is_not_there_is_said(site: Site, visits: Visits) -> None:
    """Whoever is looked up."""
    visits.may_be_refused = True
    page = await visits.open(site.url)
    await look_up(page, "Code id", "no-such")

    await expect(page.locator("#past-says")).to_have_text("Nothing is shown: there is no such code.")


async def test_a_forgotten_token_takes_the_history_with_it(site: Site, visits: Visits) -> None:
    """The next person at this screen finds no fan's id. Here histories are off, and the page says so."""
    visits.may_be_refused = True
    page = await visits.open(site.guarded_url)
    token = jwt.encode({"exp": time.time() + 600, "supreme": True}, SECRET, algorithm="HS256")
    await page.get_by_label("Token (JWT)").fill(token)
    await page.get_by_role("button", name="Show the inventory").click()
    await look_up(page, "Fan", "fan-77")
    await expect(page.locator("#past-says")).to_contain_text("set CODES_INVENTORY__HISTORY_URI")

    await page.get_by_role("button", name="Forget token").click()

    await expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
    assert ("", "") == (await page.locator("#past-says").text_content(), await page.locator("#past-id").input_value())
