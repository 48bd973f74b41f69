"""Actions on the page: each is confirmed in a dialog, by keys too, on a phone; a viewer sees none of them."""

import time
from uuid import uuid4

import jwt
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from schemas.topics import IMPORT
from tests.browser.chromium import PHONE
from tests.browser.site import SECRET, Site, Visits
from tests.browser.test_appearance import CONTRAST_MIN, FAINT, TOO_WIDE
from tests.browser.test_axe import violations

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CSV = b"code\nPAGE-1\nPAGE-2\nPAGE-1\nPAGE 3\n"
LONG = "code\n" + "".join(f"PAGE-LONG-{number}\n" for number in range(400_000))


async def check_dialog(page: Page) -> None:
    """Nothing is too wide or too faint, and axe finds nothing."""
    assert [] == await page.evaluate(TOO_WIDE)
    assert [] == (await page.evaluate(FAINT, CONTRAST_MIN))["found"]
    assert [] == await violations(page)


@pytest_asyncio.fixture(loop_scope="session")
async def campaign(site: Site, visits: Visits) -> str:
    """A campaign that a file was uploaded into, on a phone, with keys alone after the file is chosen."""
    name = f"page-{uuid4().hex[:8]}"
    page = await visits.open(site.url, PHONE)
    await page.get_by_role("button", name="Upload a file of codes").click()
    await expect(page.get_by_label("Campaign", exact=True)).to_be_focused()
    await page.get_by_label("CSV file").set_input_files({"name": "codes.csv", "mimeType": "text/csv", "buffer": CSV})
    await page.get_by_label("Campaign", exact=True).fill(name)
    await page.keyboard.press("Enter")
    await expect(page.locator("#upload-counts")).to_contain_text("4 rows, 2 different codes.")
    await expect(page.locator("#upload-counts")).to_contain_text("1 rejected: bad_character.")
    await check_dialog(page)
    await page.keyboard.type("another")
    await page.keyboard.press("Enter")
    await expect(page.locator("#upload-why")).to_contain_text("Nothing was done.")
    await page.get_by_label(f"Type {name} to confirm").fill(name)
    await page.keyboard.press("Enter")
    await expect(page.locator("#upload-says")).to_contain_text("Sent as import page-")
    await page.keyboard.press("Escape")
    await page.locator("#search").fill(name)
    await expect(page.locator("#imports li")).to_have_attribute("data-state", "completed")
    return name


async def test_a_campaign_is_closed_by_typing_its_id(campaign: str, site: Site, visits: Visits) -> None:
    """Another text does nothing; the dialog says who closed it; it is reopened without typing."""
    page = await visits.open(f"{site.url}#/campaigns/{campaign}", PHONE)
    await page.get_by_role("button", name="Close the campaign").click()
    dialog = page.get_by_role("dialog", name=f"Close campaign {campaign}?")
    await expect(dialog.get_by_label(f"Type {campaign} to confirm")).to_be_focused()
    await check_dialog(page)
    await page.keyboard.type("another")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text(
        "This is not another. Nothing was done.".replace("another", campaign)
    )
    await dialog.get_by_label(f"Type {campaign} to confirm").fill(campaign)
    await page.keyboard.press("Enter")
    await expect(page.locator("#act-done")).to_contain_text("is closed: it gives out no more codes")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Closed by local")).to_be_visible()
    await page.get_by_role("button", name="Reopen the campaign").click()
    await page.locator("#act-go").click()

    await expect(page.locator("#act-done")).to_contain_text("within a second it gives out codes again")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("The campaign is open.")).to_be_visible()


async def test_an_import_is_retried_and_cancelled(campaign: str, site: Site, visits: Visits) -> None:
    """An action that was meant for nothing else: the focus is on the button that leads back."""
    page = await visits.open(site.url)
    await page.locator("#search").fill(campaign)
    await page.get_by_role("button", name="Retry: import page-").click()
    await expect(page.locator("#act-back")).to_be_focused()
    await page.get_by_role("button", name="Retry the import").click()
    await expect(page.locator("#act-done")).to_contain_text("Done: sent as import page-")
    await page.keyboard.press("Escape")
    await expect(page.locator("#imports li[data-state='completed']")).to_have_count(2)

    long_id = f"{campaign}-long"
    site.files.put(f"{long_id}.csv", LONG.encode())
    await site.neighbour.send(IMPORT, site.files.command(f"{long_id}.csv", long_id, campaign_id=campaign))
    await page.get_by_role("button", name=f"Cancel: import {long_id}").click()
    await page.get_by_role("button", name="Cancel the import").click()

    await expect(page.locator("#act-done")).to_contain_text("stops at the end of the current chunk")
    await page.keyboard.press("Escape")
    await expect(page.locator("#imports li[data-state='failed'] .reason")).to_contain_text("cancelled")


async def test_a_report_is_downloaded(campaign: str, site: Site, visits: Visits) -> None:
    """Lines and reasons, no code."""
    page = await visits.open(site.url, accept_downloads=True)
    await page.locator("#search").fill(campaign)
    await page.get_by_role("button", name="Download report: import page-").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download", exact=True).click()
    path = await (await downloading.value).path()

    assert "line,reason\n5,bad_character\n" == path.read_text()


async def test_a_replay_is_counted_before_it_is_offered(site: Site, visits: Visits) -> None:
    """Nothing can be sent again here, so there is nothing to press but Close."""
    await site.player.dead_letters({"unprocessable": 1})
    page = await visits.open(site.url, PHONE)
    await page.get_by_role("button", name="Replay unprocessable").click()

    await expect(page.locator("#act-lines")).to_contain_text("0 records would be sent again")
    await expect(page.locator("#act-lines")).to_contain_text("1 cannot be sent, or would be rejected again.")
    await expect(page.locator("#act-go")).to_be_hidden()
    await check_dialog(page)


async def test_what_people_did_is_listed(campaign: str, site: Site, visits: Visits) -> None:
    """By keys alone: the latest first, filtered by campaign; on a phone in the dark, on a desk in the light."""
    page = await visits.open(site.url, PHONE, color_scheme="dark")
    await page.get_by_role("button", name="Actions", exact=True).press("Enter")
    await expect(page.get_by_label("Who")).to_be_focused()
    await expect(page.locator("#records-says")).to_contain_text("the latest first")
    await page.get_by_label("In campaign").fill(campaign)
    await page.get_by_label("What", exact=True).select_option("import_file")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Show", exact=True).click()

    await expect(page.locator("#records-says")).to_have_text("1 action, the latest first.")
    await expect(page.locator("#records-list li")).to_contain_text(f"import file {campaign}")
    await expect(page.locator("#records-list li")).to_contain_text("by local")
    await check_dialog(page)
    desk = await visits.open(site.url, color_scheme="light")
    await desk.get_by_role("button", name="Actions", exact=True).click()
    await expect(desk.locator("#records-says")).to_contain_text("the latest first")
    await check_dialog(desk)
    assert 0 == await desk.locator("#records").evaluate("(dialog) => dialog.scrollWidth - dialog.clientWidth")


async def test_a_viewer_sees_no_action(site: Site, visits: Visits) -> None:
    """Without the claim there is nothing to press; what may be read is there."""
    page = await visits.open(site.guarded_url)
    visits.may_be_refused = True
    token = jwt.encode({"exp": time.time() + 600, "supreme": True}, SECRET, algorithm="HS256")
    await page.get_by_label("Token (JWT)").fill(token)
    await page.get_by_role("button", name="Show the inventory").click()
    await expect(page.locator("#rows th").first).to_be_visible()

    await expect(page.locator("body")).to_have_attribute("data-acts", "")
    assert 0 == await page.locator(".acts:visible").count()
    await expect(page.locator("#records-open")).to_be_hidden()
