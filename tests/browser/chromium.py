"""The browser of the tests: the Chromium that is installed, never one that is fetched.

Out: `executable`, `missing`, `a_browser`, and the colour schemes and sizes of the screens that are looked at.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

VARIABLE: Final = "CODES_TEST_CHROMIUM"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
LEFT_OUT: Final = f"browser tests left out: no Chromium on the PATH (apt-get install chromium, or set {VARIABLE})"
DESK: Final = (1360, 900)
PHONE: Final = (360, 740)

FLAGS = ["--disable-dev-shm-usage", "--disable-gpu", "--disable-software-rasterizer"]
"""Little memory for sharing is enough; drawing without a graphics card takes a fifth less CPU so."""


def executable() -> str | None:
    """Path of the browser; None: there is none."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


def left_out() -> bool:
    """Whether browser tests are left out: on a user's machine without a browser. In CI they fail then."""
    return executable() is None and not os.environ.get("CI")


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """One process of it."""
    path = executable()
    assert path is not None, LEFT_OUT
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()
