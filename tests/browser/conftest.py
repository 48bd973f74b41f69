"""What browser tests may ask for: one running site and one browser for all of them, and visits of their own.

Out: `site`, `visits`. Roles and browser end with the last test of this folder. The tests are left out where no
     Chromium is installed, and that is said; in CI they fail then.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

import devstack
from ops.settings.load import Settings, load_settings
from tests.browser.chromium import LEFT_OUT, a_browser, left_out
from tests.browser.playing import many
from tests.browser.site import Site, Visits, a_site
from tests.conftest import a_migrated, fresh_environment

EXPECT_MS = 30_000
SESSION_MS = 30_000
"""A worker that a test stops for a while stays in its group: when it goes on, it goes on at once."""
CAMPAIGNS = 500
"""Beside those that tests make."""

collect_ignore_glob = ["test_*.py"] if left_out() else []
expect.set_options(timeout=EXPECT_MS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if left_out():
        terminalreporter.write_line(LEFT_OUT)


@pytest.fixture(scope="package")
def environment(stack: devstack.Stack) -> dict[str, str]:
    return {**fresh_environment(stack), "CODES_KAFKA__SESSION_TIMEOUT_MS": str(SESSION_MS)}


@pytest.fixture(scope="package")
def migrated(environment: dict[str, str]) -> Iterator[Settings]:
    yield from a_migrated(load_settings(environment))


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def site(
    environment: dict[str, str], migrated: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    logs: Path = tmp_path_factory.mktemp("site")
    async with a_site(environment, migrated, logs) as site:
        await site.player.stock(*many(CAMPAIGNS), at=datetime.now(UTC) - timedelta(hours=1))
        yield site


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visits(browser: Browser) -> AsyncIterator[Visits]:
    visits = Visits(browser)
    yield visits
    await visits.end()
