"""An inventory that wants tokens: the page asks for one, says what is wrong with it, and keeps it in the tab only."""

import time

import jwt
import pytest
from playwright.async_api import Page, expect

from tests.browser.playing import an_import
from tests.browser.site import SECRET, Site, Visits

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


def token(secret: str = SECRET, lasts_s: float = 600, **claims: object) -> str:
    return jwt.encode({"exp": time.time() + lasts_s, **claims}, secret, algorithm="HS256")


async def give(page: Page, value: str) -> None:
    await page.get_by_label("Token (JWT)").fill(value)
    await page.get_by_role("button", name="Show the inventory").click()


async def test_a_token_opens_the_page(site: Site, visits: Visits) -> None:
    """A foreign token gives 401, a token without the claim 403. A valid token works for this tab, until forgotten."""
    visits.may_be_refused = True
    page = await visits.open(site.guarded_url)
    await expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
    await expect(page.get_by_role("main")).to_be_hidden()
    await give(page, token(secret="x" * 40, supreme=True))
    await expect(page.get_by_role("alert")).to_have_text("The server said: the token is not valid here.")
    await give(page, token())
    await expect(page.get_by_role("heading", name="This token gives no access")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("no claim supreme")

    good = token(supreme=True)
    await give(page, good)
    await expect(page.locator("#rows tr").first).to_be_visible()
    await expect(page.get_by_label("Token (JWT)")).to_be_hidden()
    assert [good] == await page.evaluate("Object.values(sessionStorage)")
    assert [0, "", site.guarded_url] == await page.evaluate("[localStorage.length, document.cookie, location.href]")
    await page.reload()
    await expect(page.locator("#rows tr").first).to_be_visible()

    await page.get_by_role("button", name="Forget token").click()
    await expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
    await expect(page.locator("#rows tr")).to_have_count(0)
    assert 0 == await page.evaluate("sessionStorage.length")


async def test_a_token_that_expires_closes_the_page(site: Site, visits: Visits) -> None:
    """The figures go with it, and the form says why."""
    visits.may_be_refused = True
    page = await visits.open(site.guarded_url)
    await give(page, token(lasts_s=3, supreme=True))
    await expect(page.locator("#rows tr").first).to_be_visible()

    await expect(page.get_by_role("alert")).to_have_text("The server said: the token has expired.")
    await expect(page.locator("#rows tr")).to_have_count(0)


async def test_a_campaigns_address_is_kept_through_the_sign_in(site: Site, visits: Visits) -> None:
    """The form is in front of everything; with the token the campaign is open, also after the token has expired."""
    visits.may_be_refused = True
    page = await visits.open(f"{site.guarded_url}campaigns/many-003")
    dialog = page.get_by_role("dialog", name="many-003")
    await expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
    await expect(dialog).to_be_hidden()
    await give(page, token(lasts_s=3, supreme=True))
    await expect(dialog.locator("#detail-types td").first).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_text("The server said: the token has expired.")
    await expect(dialog).to_be_hidden()

    await give(page, token(supreme=True))
    await expect(dialog.locator("#detail-types td").first).to_be_visible()
    await expect(page).to_have_url(f"{site.guarded_url}campaigns/many-003")


async def test_a_token_of_a_campaign_shows_this_one_only(site: Site, visits: Visits) -> None:
    """Also the totals, the imports and the alerts are only its own; its address is that of no other campaign."""
    visits.may_be_refused = True
    await site.player.imports(an_import("import-of-mine", "many-007", 1, state="completed"))
    await site.player.imports(an_import("import-of-others", "many-008", 1, state="completed"))
    page = await visits.open(site.guarded_url)
    await give(page, token(campaigns=["many-007"]))

    await expect(page.locator("#found")).to_have_text("1 campaign")
    await expect(page.locator("#imports li")).to_have_count(1)
    await expect(page.locator("#imports li")).to_contain_text("import-of-mine")
    own = await page.locator("#rows [data-label='Available'] .value").text_content()
    assert own == await page.locator("#totals .value").first.text_content()
    await page.goto(f"{site.guarded_url}campaigns/many-008")
    await expect(page.get_by_text("There is no campaign many-008.")).to_be_visible()
    assert "import-of-others" not in await page.content()
