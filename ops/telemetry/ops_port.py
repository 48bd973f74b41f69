"""The ops port: `/live`, `/ready` and `/metrics` over HTTP, in the same event loop as the work.

In:       GET requests of the orchestrator and of Prometheus.
Out:      200 or 503 with JSON; metrics as Prometheus text, or as OpenMetrics for whoever asks for it.
Promise:  a blocked loop fails the probe, because it cannot answer. The port is freed however the work ends.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web

from ops.telemetry.health import Health, Verdict
from ops.telemetry.registry import Metrics
from schemas.errors import SettingsInvalid
from schemas.settings import OpsSettings

SHUTDOWN_TIMEOUT_S: Final = 1.0
"""Time for requests in progress at shutdown; a scraper's idle connection must not delay the exit."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def ops_server(settings: OpsSettings, metrics: Metrics, health: Health) -> AsyncIterator[int]:
    """Serve until the `async with` block ends; yields the port, which the event `ops_listening` logs too.

    Raises:
        SettingsInvalid: the address is in use, or not one of this machine's.
    """
    runner = web.AppRunner(ops_app(metrics, health), access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        port = await _listen(runner, settings)
        log.info("ops_listening", host=settings.host, port=port)
        yield port
    finally:
        await runner.cleanup()


def ops_app(metrics: Metrics, health: Health) -> web.Application:
    """The application with its three routes."""

    async def metrics_text(request: web.Request) -> web.Response:
        body, content_type = metrics.text(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/live", _probe(health.live))
    app.router.add_get("/ready", _probe(health.ready))
    app.router.add_get("/metrics", metrics_text)
    return app


def _probe(ask: Callable[[], Verdict]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        verdict = ask()
        status = HTTPStatus.OK if verdict.well else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response({"ok": verdict.well, "missing": verdict.missing}, status=status)

    return answer


async def _listen(runner: web.AppRunner, settings: OpsSettings) -> int:
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        reason = error.strerror
        raise SettingsInvalid(
            f"CODES_OPS__HOST, CODES_OPS__PORT: cannot listen on {settings.host}:{settings.port}: {reason}"
        ) from None
    return int(runner.addresses[0][1])
