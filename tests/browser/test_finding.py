"""Five hundred campaigns: found, sorted, and kept up to date without a new table each time."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from tests.browser.playing import CountKey, an_import, many
from tests.browser.site import Site, Visits
from tests.browser.test_axe import violations

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CHANGE_CPU_S_MAX = 1.0
"""Of the page's main thread. It is CPU time, so that a busy machine does not count: 0.3 s is usual."""


async def names(page: Page) -> list[str]:
    return await page.locator("#rows th a").all_inner_texts()


async def sort(page: Page, column: str) -> str | None:
    """Press a column's button; gives the direction that its head says then."""
    head = page.get_by_role("columnheader", name=column)
    await head.get_by_role("button").click()
    return await head.get_attribute("aria-sort")


async def searched(site: Site, visits: Visits, text: str, found: str) -> Page:
    page = await visits.open(site.url)
    await page.get_by_role("searchbox").fill(text)
    await expect(page.locator("#found")).to_contain_text(found)
    return page


async def test_a_search_narrows_the_table(site: Site, visits: Visits) -> None:
    """In any case; and it says how many there are."""
    page = await searched(site, visits, "MANY-04", "10 of ")
    await sort(page, "Campaign")

    assert [f"many-04{digit}" for digit in range(10)] == await names(page)
    await page.get_by_role("searchbox").fill("none of them")
    await expect(page.get_by_text("No campaign matches.")).to_be_visible()


async def test_a_search_finds_imports_too(site: Site, visits: Visits) -> None:
    """By their ids, campaigns and objects; the list says if it finds none."""
    await site.player.imports(
        an_import("findable-1", "sale", 1, state="completed", object="s3://codes/autumn.csv"),
        an_import("other-1", "sale", 1, state="completed"),
    )
    page = await visits.open(site.url)
    imports = page.locator("#imports li")
    for text in ("FINDABLE", "autumn.csv"):
        await page.get_by_role("searchbox").fill(text)
        await expect(imports).to_have_count(1)
        await expect(imports).to_contain_text("findable-1")
    await page.get_by_role("searchbox").fill("no such import")
    await expect(page.locator("#imports-none")).to_have_text("No import matches.")


async def test_each_column_sorts_both_ways(site: Site, visits: Visits) -> None:
    """The head says by which column, and in which direction."""
    page = await searched(site, visits, "many-10", "10 of ")
    upwards = [f"many-10{digit}" for digit in range(10)]

    assert "ascending" == await page.get_by_role("columnheader", name="Empty in").get_attribute("aria-sort")
    assert "ascending" == await sort(page, "Campaign")
    assert upwards == await names(page)
    assert "descending" == await sort(page, "Campaign")
    assert upwards[::-1] == await names(page)
    assert "ascending" == await sort(page, "Available")
    assert upwards == await names(page)
    assert "descending" == await sort(page, "Available")
    assert upwards[::-1] == await names(page)
    assert "ascending" == await sort(page, "Left")
    assert upwards[::-1] == await names(page)
    assert 1 == await page.locator("th[aria-sort]").count()


async def test_the_fastest_and_the_first_to_be_empty_come_first(site: Site, visits: Visits) -> None:
    """The first to be empty without a click, and by the rate; those at rest come last."""
    full = [CountKey(f"pace-{name}", "tm", 1_000, 0, 0) for name in ("rest", "slow", "fast")]
    await site.player.stock(*full)
    page = await searched(site, visits, "pace-", "3 of ")
    slow, fast = full[1]._replace(available=900, reserved=100), full[2]._replace(available=500, reserved=500)
    await site.player.stock(slow, fast)
    await expect(page.locator("#rows [data-label='Empty in'] .value", has_text="min")).to_have_count(2)

    await page.get_by_role("searchbox").fill("pace-s")
    await page.get_by_role("searchbox").fill("pace-")
    assert ["pace-fast", "pace-slow", "pace-rest"] == await names(page)
    assert "descending" == await sort(page, "Per minute")
    assert ["pace-fast", "pace-slow", "pace-rest"] == await names(page)
    card = page.locator("#attention > li", has_text="pace-fast")
    await expect(card).to_contain_text("500 of 1,000 left, empty in 1 min at 500 a minute")


async def test_five_hundred_rows_are_changed_and_not_made_anew(site: Site, visits: Visits) -> None:
    """All of them change at once: every row is the same element as before, and the page stays usable."""
    page = await searched(site, visits, "many-", "500 ")
    await page.get_by_role("button", name="Show all 500").click()
    await expect(page.locator("#rows tr")).to_have_count(500)
    await page.evaluate("""() => {
        document.activeElement.blur();
        for (const row of document.querySelectorAll('#rows tr')) row.isOld = true;
    }""")
    thread = await main_thread(page)
    before_s = await task_cpu_s(thread)

    long_ago = datetime.now(UTC) - timedelta(hours=1)  # at rest: 500 sales would hide what other tests look for
    for assigned in (1_495, 1_496):  # the second time within the pause between two fetches
        await site.player.stock(*(shelf._replace(assigned=assigned) for shelf in many(500)), at=long_ago)
        await expect(page.locator("#rows tr", has_text=f"{assigned:,}")).to_have_count(500)

    assert 500 == await page.evaluate("[...document.querySelectorAll('#rows tr')].filter((row) => row.isOld).length")
    assert await task_cpu_s(thread) - before_s < CHANGE_CPU_S_MAX


async def main_thread(page: Page) -> CDPSession:
    """Chromium's own figures of a page."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


async def task_cpu_s(thread: CDPSession) -> float:
    """CPU time of all tasks of the page's main thread so far."""
    metrics = (await thread.send("Performance.getMetrics"))["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


async def test_rows_keep_their_places_while_one_has_the_focus(site: Site, visits: Visits) -> None:
    """A row that somebody is about to press keeps its place; afterwards the order is right again."""
    page = await searched(site, visits, "many-30", "10 of ")
    await sort(page, "Available")
    first = (await names(page))[0]
    await page.get_by_role("link", name=first, exact=True).focus()
    shelf = next(shelf for shelf in many(310) if shelf.campaign_id == first)
    await site.player.stock(shelf._replace(available=9_000))
    await expect(page.locator("#rows [data-label='Available'] .value", has_text="9,000")).to_have_count(1)

    assert first == (await names(page))[0]
    await page.get_by_role("searchbox").focus()
    await expect(page.locator("#rows th a").last).to_have_text(first)


async def test_many_low_stocks_hide_nothing_else(site: Site, visits: Visits) -> None:
    """The first six are shown, a button shows the others; a recovered campaign needs no attention any more."""
    full = [CountKey(f"scarce-{number}", "tm", 100, 0, 0) for number in range(9)]
    await site.player.stock(*(shelf._replace(available=1, assigned=99) for shelf in full))
    await site.player.imports(an_import("went-wrong", "scarce-1", 0, state="failed", reason="no_such_object"))
    page = await visits.open(site.url)
    cards = page.locator("#attention li")
    await expect(cards.filter(has_text="1 of 100 left").first).to_be_visible()
    await expect(cards.filter(has_text=re.compile(r"of [\d,]+ left"))).to_have_count(6)
    await expect(cards.filter(has_text="went-wrong")).to_be_visible()
    await expect(page.locator("#attention-more")).to_contain_text("more stocks that are short")

    await page.get_by_role("searchbox").fill("scarce-")
    await page.get_by_role("button", name="Show these campaigns").click()
    await expect(page.locator("#rows tr")).to_have_count(9)
    await site.player.stock(*full)
    await expect(page.locator("#rows tr")).to_have_count(0)
    await expect(cards.filter(has_text="of 100 left")).to_have_count(0)


async def test_a_campaign_has_an_address(site: Site, visits: Visits) -> None:
    """It survives a reload, back and forward; it is in the title. The former address leads there too."""
    page = await searched(site, visits, "many-04", "10 of ")
    dialog = page.get_by_role("dialog", name="many-044")
    await page.get_by_role("link", name="many-044").click()
    await expect(dialog).to_be_visible()
    assert f"{site.url}static/icon.svg" == await page.evaluate("document.querySelector('link[rel=icon]').href")
    await expect(page).to_have_url(f"{site.url}campaigns/many-044")
    await page.reload()
    await expect(dialog.locator("#detail-types td").first).to_have_text("1,044")
    await expect(page).to_have_title(re.compile("^many-044 · "))
    await page.go_back()
    await expect(dialog).to_be_hidden()
    await expect(page).to_have_title("Codes: inventory")
    await page.go_forward()
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()
    await expect(page).to_have_url(site.url)

    await page.goto(f"{site.url}#/campaigns/many-045")
    await page.reload()
    await expect(page.get_by_role("dialog", name="many-045")).to_be_visible()
    await expect(page).to_have_url(f"{site.url}campaigns/many-045")


async def test_an_unknown_campaign_is_named_as_such(site: Site, visits: Visits) -> None:
    """Not before the figures are there; and it appears when it is imported."""
    visits.may_be_refused = True  # 404
    held = asyncio.Event()
    page = await visits.open("about:blank")

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/api/stream", hold)
    await page.goto(f"{site.url}campaigns/to-come", wait_until="commit")
    dialog = page.get_by_role("dialog", name="to-come")
    await expect(dialog).to_contain_text("Waiting for the figures…")
    held.set()
    await expect(dialog).to_contain_text("There is no campaign to-come.")

    await site.player.stock(CountKey("to-come", "tm", 7, 0, 0), at=datetime.now(UTC) - timedelta(hours=1))
    await expect(dialog.locator("#detail-types td").first).to_have_text("7")


async def test_an_import_has_an_address(site: Site, visits: Visits) -> None:
    """It shows how far it is, and leads to its campaign; an unknown one is named as such."""
    await site.player.imports(an_import("addressed", "many-050", 0.5), an_import("known-1", "sale", 0.1))
    page = await visits.open(f"{site.url}imports/addressed")
    dialog = page.get_by_role("dialog", name="addressed")
    await expect(dialog.get_by_role("progressbar")).to_have_attribute("value", "0.5")
    await expect(page).to_have_title(re.compile("^Import addressed · "))
    assert [] == await violations(page)
    await dialog.get_by_role("link", name="many-050").click()
    await expect(page.get_by_role("dialog", name="many-050")).to_be_visible()
    await expect(dialog).to_be_hidden()

    await page.goto(f"{site.url}imports/none-such")
    await expect(page.get_by_role("dialog", name="none-such")).to_contain_text("There is no import none-such")
    await site.player.imports(*(an_import(name, "sale", 1, state="completed") for name in ("addressed", "known-1")))
