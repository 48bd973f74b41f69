"""The server of the API and the page, on a port of its own: the ops port need not be exposed to users.

In:       settings, the view, the lags.
Out:      a listening port, written to the log as `api_listening`.
Promise:  streams end at once when the process stops; the port is always closed at the end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from schemas.errors import SettingsInvalid
from schemas.settings import InventorySettings
from web.actions.performing import Acting
from web.app import web_app
from web.auth import Guard
from web.past import Past
from web.stream import Streams
from web.weeks import Weeks

SHUTDOWN_TIMEOUT_S: Final = 2.0
"""Seconds for responses in progress when the server stops."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def api_server(
    settings: InventorySettings,
    streams: Streams,
    past: Past | None = None,
    acting: Acting | None = None,
    weeks: Weeks | None = None,
) -> AsyncIterator[int]:
    """Serve inside this context; yields the port.

    Raises:
        SettingsInvalid: the server cannot listen on the address, or cannot use the file of keys.
    """
    guard = Guard(settings)
    app = web_app(guard, streams, past=past, acting=acting, weeks=weeks)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await listen(site, settings)
        port = int(runner.addresses[0][1])
        log.info("api_listening", host=settings.host, port=port, tokens_needed=not guard.is_open)
        if guard.is_open:
            log.warning("api_open", host=settings.host, why="no CODES_INVENTORY__JWT_SECRET or JWT_KEYS_FILE is set")
        yield port
    finally:
        streams.stopping.set()
        await runner.cleanup()


async def listen(site: web.TCPSite, settings: InventorySettings) -> None:
    """Raises SettingsInvalid if the server cannot listen on the address."""
    try:
        await site.start()
    except OSError as error:
        address, reason = f"{settings.host}:{settings.port}", error.strerror
        raise SettingsInvalid(
            f"CODES_INVENTORY__HOST, CODES_INVENTORY__PORT: cannot listen on {address}: {reason}"
        ) from None
