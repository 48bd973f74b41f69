"""The files of the page, and the headers of every response.

Out: handlers for the HTML document, also at addresses of campaigns and imports; `secured`, which sets the headers.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

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

OPENED: Final = ("/campaigns/{campaign_id}", "/imports/{import_id}")
"""Addresses at which the page opens with a campaign or an import."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(file: Path) -> Handler:
    """Serves the HTML document of the page."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    return handler


def page_below(file: Path) -> Handler:
    """Serves the same document one folder deeper, such as `/campaigns/<id>`, whose address can be shared.

    The links to its files are relative: a proxy may add a path.
    """
    content = file.read_text().replace('"static/', '"../static/')

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=content, content_type="text/html", headers={"Cache-Control": "no-cache"})

    return handler


async def secured(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of every response. Files of the page are always revalidated, so that they have one version."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
