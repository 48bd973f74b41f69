"""Light and dark, wide and narrow: it can be read everywhere."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE
from tests.browser.site import Site, Visits

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CONTRAST_MIN = 4.5
TARGET_PX_MIN = 24
"""WCAG 2.2, 2.5.8."""

FAINT = """(least) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const over = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const linear = (channel) => channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = rgb.map((channel) => linear(channel / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => node ? [...behind(node.parentElement), getComputedStyle(node).backgroundColor] : [];
    const ratio = (node) => {
        const style = getComputedStyle(node);
        const ink = node instanceof SVGElement ? style.fill : style.color;
        const lights = [light(over(behind(node))), light(over([...behind(node), ink]))];
        const [lighter, darker] = lights.sort((a, b) => b - a);
        return (lighter + 0.05) / (darker + 0.05);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    let seen = 0;
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
        if (node.closest('option, .skip, .unseen')) continue;
        seen += 1;
        if (ratio(node) < least) found.push(`${walker.currentNode.data}: ${ratio(node).toFixed(2)}`);
    }
    return { found, seen };
}"""

TOO_WIDE = """() => [...document.querySelectorAll('body *')]
    .filter((node) => node.checkVisibility() && !node.closest('.unseen'))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5)
    .map((node) => `${node.tagName} ${node.id} ${node.className}`)"""

SMALL = """(least) => [...document.querySelectorAll('button, input, select')]
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < least)
    .map((node) => node.outerHTML)"""


async def filled(site: Site, visits: Visits, *, size: tuple[int, int] = (1_360, 900), **context: object) -> Page:
    """A page with something in every part."""
    await site.player.dead_letters({"invalid": 1})
    page = await visits.open(site.url, size, **context)
    await expect(page.locator("#rows tr").first).to_be_visible()
    await expect(page.locator("#dead tr[data-some='true']").first).to_be_visible()
    await expect(page.locator("#lag tr").first).to_be_visible()
    return page


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(244, 245, 247)"), ("dark", "rgb(15, 20, 25)")])
async def test_every_text_stands_out(site: Site, visits: Visits, scheme: str, ground: str) -> None:
    """In the system's light or dark, at 4.5 : 1 or better, also in a campaign's dialog."""
    page = await filled(site, visits, color_scheme=scheme)
    on_page = await page.evaluate(FAINT, CONTRAST_MIN)
    await page.locator("#rows th a").first.click()
    await expect(page.locator("#detail-chart svg")).to_be_visible()
    in_dialog = await page.evaluate(FAINT, CONTRAST_MIN)

    assert [] == on_page["found"]
    assert [] == in_dialog["found"]
    assert on_page["seen"] > 50
    assert ground == await page.evaluate("getComputedStyle(document.body).backgroundColor")


async def test_a_phone_needs_no_sideways_scrolling(site: Site, visits: Visits) -> None:
    """At 360 pixels nothing stands over the edge, on the page or in the dialog; what is pressed is large enough."""
    page = await filled(site, visits, size=PHONE, has_touch=True, is_mobile=True)
    on_page = await page.evaluate(TOO_WIDE)
    small = await page.evaluate(SMALL, TARGET_PX_MIN)
    await page.locator("#rows th a").first.tap()
    await expect(page.locator("#detail-chart svg")).to_be_visible()

    assert [] == on_page
    assert [] == small
    assert [] == await page.evaluate(TOO_WIDE)
    assert PHONE[0] == await page.evaluate("document.documentElement.scrollWidth")


async def test_nothing_moves_for_those_who_do_not_want_it(site: Site, visits: Visits) -> None:
    """With reduced motion no element has a transition or an animation."""
    page = await filled(site, visits, reduced_motion="reduce")
    durations = "[...document.querySelectorAll('*')].map((node) => getComputedStyle(node).transitionDuration)"

    assert {"0s"} == set(await page.evaluate(durations))
