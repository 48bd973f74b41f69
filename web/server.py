"""The port of the API and the page, separate from the ops port, which users need not reach.

In:       settings, the view, the lags.
Out:      a listening port, logged as the event `api_listening`.
Promise:  streams end at once when the process stops; the port is always freed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from schemas.errors import SettingsInvalid
from schemas.settings import InventorySettings
from web.app import web_app
from web.auth import Guard
from web.stream import Streams

SHUTDOWN_TIMEOUT_S: Final = 2.0
"""Seconds that an answer in progress may take when the server stops."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def api_server(settings: InventorySettings, streams: Streams) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port.

    Raises:
        SettingsInvalid: the address cannot be listened on, or the key file cannot be used.
    """
    guard = Guard(settings)
    app = web_app(guard, streams)
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
    """Raises SettingsInvalid if the address cannot be listened on."""
    try:
        await site.start()
    except OSError as error:
        address, reason = f"{settings.host}:{settings.port}", error.strerror
        raise SettingsInvalid(
            f"CODES_INVENTORY__HOST, CODES_INVENTORY__PORT: cannot listen on {address}: {reason}"
        ) from None
