"""The files of the page, and the headers of every response.

Out: handlers for the HTML document and for addresses of campaigns; `secured`, which sets the headers.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(file: Path) -> Handler:
    """Serves the HTML document of the page."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    return handler


async def campaign_address(request: web.Request) -> web.StreamResponse:
    """A campaign's address that can be shared: the page with this campaign open. Relative: a proxy may add a path."""
    campaign_id = quote(request.match_info["campaign_id"], safe="")
    raise web.HTTPFound(f"../#/campaigns/{campaign_id}")


async def secured(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of every response. Files of the page are always revalidated, so that they have one version."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
