"""The page shows what happens at once, without a reload."""

import re
import signal
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from schemas.topics import ASSIGN, IMPORT, RESERVE
from tests.browser.playing import an_import, many
from tests.browser.site import Site, Visits
from tests.browser.test_appearance import CONTRAST_MIN, FAINT, TOO_WIDE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CODES = 40
NARROW = (390, 844)


def row(page: Page, campaign_id: str) -> Locator:
    return page.locator("#rows tr").filter(has=page.get_by_role("link", name=campaign_id, exact=True))


def figure(page: Page, campaign_id: str, label: str) -> Locator:
    return row(page, campaign_id).locator(f"[data-label='{label}'] .value")


def asking(request_id: str, **more: Any) -> dict[str, Any]:
    return {"request_id": request_id, "campaign_id": "sale", "fan_id": "f", **more}


async def test_real_imports_and_requests_change_what_is_shown(site: Site, visits: Visits) -> None:
    """An import fills a campaign, a reserve makes it low, an assign moves its bar, a bad record is a dead letter."""
    page = await visits.open(site.url)
    await page.evaluate("window.notReloaded = true")
    await page.get_by_role("searchbox").fill("sale")
    await expect(page.get_by_text("No campaign matches.")).to_be_visible()

    site.files.put("sale.csv", b"code\n" + b"".join(b"CODE%d\n" % number for number in range(CODES)))
    await site.neighbour.send(IMPORT, site.files.command("sale.csv", "import-of-the-sale"))
    await expect(figure(page, "sale", "Available")).to_have_text("40")
    done = page.locator("#imports li").filter(has_text="import-of-the-sale")
    await expect(done).to_contain_text("completed")
    await expect(done).to_contain_text("40 rows · 40 new")

    await site.neighbour.send(RESERVE, asking("r1", quantity=37))
    await expect(figure(page, "sale", "Available")).to_have_text("3")
    await expect(row(page, "sale").locator(".badge")).to_have_text("low")
    await expect(page.locator("#attention li").filter(has_text="tm: 3 of 40 left")).to_contain_text("sale")
    await expect(page.locator("#alerts li").filter(has_text="sale")).to_contain_text("low")
    await expect(page.locator("#announcer")).to_contain_text("Alert. sale, tm: low, 3 of 40 left.")

    await site.neighbour.send(ASSIGN, asking("a1", reservation_id="r1"))
    bar = row(page, "sale").get_by_role("img")
    await expect(bar).to_have_attribute("aria-label", "tm: 3 available, 0 reserved, 37 assigned")

    dead = page.locator("#dead tr").filter(has_text="not_json").locator("td")
    before = int(await dead.text_content() or "0")
    await site.neighbour.send(RESERVE, b"{no json")
    await expect(dead).to_have_text(str(before + 1))
    assert await page.evaluate("window.notReloaded")


@pytest.mark.thorough
async def test_a_worker_that_stands_still_shows_in_the_lag(site: Site, visits: Visits) -> None:
    """Records wait and the trend says so; when it goes on, they are gone."""
    page = await visits.open(site.url)
    lag = page.locator("#lag tr").filter(has_text="reserve.requests.v1")
    records, word = lag.locator("td").first, lag.locator(".word")
    await expect(records).to_have_text("0")

    site.worker.signal(signal.SIGSTOP)
    for number in range(5):
        await site.neighbour.send(RESERVE, asking(f"waits-{number}"))
    await expect(word).to_contain_text("rising")
    await expect(records).not_to_have_text("0")
    site.worker.signal(signal.SIGCONT)

    await expect(records).to_have_text("0")
    await expect(word).to_contain_text("caught up")


async def test_an_import_that_runs_shows_how_far_it_is(site: Site, visits: Visits) -> None:
    """Its bar grows with its events; one that failed says why, and is among what needs attention."""
    page = await visits.open(site.url)
    line = page.locator("#imports li").filter(has_text="slow-one")
    await site.player.imports(an_import("slow-one", "sale", 0.25))
    await expect(line.get_by_role("progressbar")).to_have_attribute("value", "0.25")
    await site.player.imports(an_import("slow-one", "sale", 0.75, at=datetime.now(UTC)))
    await expect(line).to_contain_text("75 %, about ")
    await expect(line).to_contain_text("300,000 rows")
    await expect(line).to_contain_text("rows a second")

    await site.player.imports(an_import("slow-one", "sale", 0.8, state="failed", reason="object_changed"))
    await expect(line.get_by_role("progressbar")).to_be_hidden()
    card = page.locator("#attention > li").filter(has_text="slow-one")
    await expect(card).to_contain_text("object_changed")


async def test_a_campaigns_dialog_follows_it(site: Site, visits: Visits) -> None:
    """Its address opens it; counts, history and the words beside the chart are of now."""
    page = await visits.open(f"{site.url}campaigns/many-007")
    dialog = page.get_by_role("dialog", name="many-007")
    await expect(dialog.locator("#detail-types td").first).to_have_text("1,007")

    await site.player.stock(many(8)[7]._replace(available=700, reserved=314))
    await expect(dialog.locator("#detail-types td").first).to_have_text("700")
    way = "available 1,007, down to 700; reserved 7, up to 314; .*assigned"
    chart = dialog.get_by_role("figure").get_by_role("img")
    await expect(chart).to_have_attribute("aria-label", re.compile(f"All codes over the last hour: {way}"))
    await dialog.get_by_text("The same as a table").click()
    await expect(dialog.get_by_role("figure").locator("tbody tr").last).to_contain_text("700")

    await dialog.get_by_label("History of").select_option("the last day")
    await expect(dialog.get_by_role("figure")).to_contain_text("over the last day")
    await dialog.get_by_label("History of").select_option("the last week")
    await expect(dialog.get_by_role("figure")).to_contain_text("over the last week: available")
    unavailable = "Kept by the inventory: Prometheus is unavailable (ClientConnectorError)."
    await expect(dialog.get_by_role("figure")).to_contain_text(unavailable)
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()


async def test_a_number_of_dead_letters_opens_the_latest(site: Site, visits: Visits) -> None:
    """With keys alone, on a phone: where the record was, and the command to copy; a replay is marked at once."""
    await site.player.dead_letters({"too_large": 2}, offset=4_711)
    page = await visits.open(site.url, NARROW, permissions=["clipboard-read", "clipboard-write"])
    number = page.get_by_role("button", name=re.compile("dead letters, too_large: show the latest"))
    await number.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Dead letters: too_large")
    letter = dialog.locator("li").first
    await expect(letter).to_contain_text("reserve.requests.v1, partition 3, offset 4711; at fault: quantity")
    await expect(letter.get_by_text("replayed", exact=True)).to_be_hidden()
    too_wide, faint = await page.evaluate(TOO_WIDE), (await page.evaluate(FAINT, CONTRAST_MIN))["found"]

    address = await letter.get_by_role("strong").text_content()
    await letter.get_by_role("button", name=f"Copy codes dead-letters replay {address}").press("Enter")
    await expect(page.locator("#announcer")).to_contain_text("Copied.")
    await site.player.replayed(4_711)
    await expect(letter.get_by_text("replayed", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")

    assert ([], []) == (too_wide, faint)
    assert f"codes dead-letters replay {address}" == await page.evaluate("navigator.clipboard.readText()")
    await expect(number).to_be_focused()
