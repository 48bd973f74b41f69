"""A scripted S3: errors that a real one returns only for missing rights, archived objects or overload.

In:   for each key an `Answers`.
Out:  its address; every request it received.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiohttp import web

SILENT: Final = 0
"""No status: no answer ever comes."""
ETAG: Final = '"0123456789abcdef"'
XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>no</Message></Error>'


class Asked(NamedTuple):
    """One request."""

    method: str
    key: str
    range: str
    if_match: str


class Answers(NamedTuple):
    """How requests for one key are answered."""

    status: int
    """200: success, but with all bytes instead of the requested range. `SILENT`: no answer."""
    code: str
    """S3's error code; as on AWS, an answer to HEAD omits it."""
    methods: tuple[str, ...] = ("HEAD", "GET")
    """Methods that get the error."""
    times: int = 1_000_000
    """Number of requests that get the error; later ones succeed."""


@dataclass
class ScriptedS3:
    """Lives for one server."""

    answers: Mapping[str, Answers]
    body: bytes
    """The content of every object."""
    asked: list[Asked] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    """Number of errors, by key."""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        key = request.match_info["key"]
        headers = request.headers
        self.asked.append(Asked(request.method, key, headers.get("Range", ""), headers.get("If-Match", "")))
        scripted = self.answers.get(key)
        if scripted is None or request.method not in scripted.methods or self.errors[key] >= scripted.times:
            return self._taken() if request.method == "PUT" else self._content(request.http_range)
        self.errors[key] += 1
        if scripted.status == SILENT:
            await asyncio.Event().wait()
        if scripted.status == web.HTTPOk.status_code:
            return self._content(slice(None))
        text = "" if request.method == "HEAD" else XML.format(code=scripted.code)
        return web.Response(status=scripted.status, text=text, content_type="application/xml")

    def _taken(self) -> web.Response:
        return web.Response(headers={"ETag": ETAG})

    def _content(self, wanted: slice) -> web.Response:
        status = 200 if wanted.stop is None else 206
        return web.Response(status=status, body=self.body[wanted], headers={"ETag": ETAG})


@asynccontextmanager
async def serving_s3(s3: ScriptedS3) -> AsyncIterator[str]:
    """Serve it on a free port; yields its address."""
    application = web.Application()
    application.router.add_route("*", "/{bucket}/{key}", s3.answer)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
