"""Items are acknowledged and snoozed by one viewer, and all others see it."""

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.playing import an_import
from tests.browser.site import Site, Visits
from tests.browser.test_access import token

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


def card(page: Page, text: str) -> Locator:
    return page.locator("#attention > li", has_text=text)


def marked(page: Page, text: str) -> Locator:
    return page.locator("#marked li", has_text=text)


async def failed(site: Site, import_id: str) -> None:
    await site.player.imports(an_import(import_id, "sale", 0.5, state="failed", reason="object_changed"))


async def test_an_item_that_is_acknowledged_is_so_for_everybody(site: Site, visits: Visits) -> None:
    """Also for those who come later; whoever has second thoughts restores it."""
    await failed(site, "acknowledged-one")
    first, second = await visits.open(site.url), await visits.open(site.url)
    await expect(card(second, "acknowledged-one")).to_be_visible()
    await first.get_by_role("button", name="Acknowledge: Import acknowledged-one").click()

    await expect(card(first, "acknowledged-one")).to_have_count(0)
    await expect(card(second, "acknowledged-one")).to_have_count(0)
    third = await visits.open(site.url)
    await third.locator("#marked-count").click()
    await expect(marked(third, "acknowledged-one")).to_contain_text("acknowledged by local")

    await third.get_by_role("button", name="Restore: Import acknowledged-one").click()
    await expect(card(second, "acknowledged-one")).to_be_visible()


async def test_a_snooze_says_until_when_and_by_whom(site: Site, visits: Visits) -> None:
    """Behind a token the name is the token's."""
    visits.may_be_refused = True
    await failed(site, "snoozed-one")
    page = await visits.open(site.guarded_url)
    await page.get_by_label("Token (JWT)").fill(token(supreme=True, sub="ann@example.com"))
    await page.get_by_role("button", name="Show the inventory").click()
    await page.get_by_role("button", name="Snooze 1 h: Import snoozed-one").click()
    await expect(card(page, "snoozed-one")).to_have_count(0)
    await page.locator("#marked-count").click()

    await expect(marked(page, "snoozed-one")).to_contain_text("snoozed until")
    await expect(marked(page, "snoozed-one")).to_contain_text("by ann@example.com")


async def test_an_import_that_is_done_again_needs_no_attention(site: Site, visits: Visits) -> None:
    """The list of imports says by which one."""
    where: dict[str, Any] = {"object": "s3://codes/again.csv"}
    await site.player.imports(an_import("again", "sale", 0.5, state="failed", reason="object_changed", **where))
    page = await visits.open(site.url)
    await expect(card(page, "Import again")).to_be_visible()
    await site.player.imports(an_import("again:2", "sale", 1, state="completed", **where))

    await expect(card(page, "Import again")).to_have_count(0)
    await expect(page.locator("#imports li", has_text="Done by again:2")).to_be_visible()
