"""An S3 that answers what it is told to: errors that a real one gives only with rights, archives or overload.

In:   for each key an `Answers`.
Out:  its address; every request that came.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiohttp import web

SILENT: Final = 0
"""No status: the answer never comes."""
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
    """200: well, but with all bytes, whatever range was asked for. `SILENT`: not at all."""
    code: str
    """S3's word for the error; an answer to HEAD does not have it, as with Amazon's."""
    methods: tuple[str, ...] = ("HEAD", "GET")
    """Those answered with the error."""
    times: int = 1_000_000
    """So many requests; those after it are answered well."""


@dataclass
class ToldS3:
    """Lives for one server."""

    answers: Mapping[str, Answers]
    body: bytes
    """Of every object."""
    asked: list[Asked] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """Errors, by key."""

    async def answer(self, request: web.Request) -> web.Response:
        """One request."""
        key = request.match_info["key"]
        headers = request.headers
        self.asked.append(Asked(request.method, key, headers.get("Range", ""), headers.get("If-Match", "")))
        told = self.answers.get(key)
        if told is None or request.method not in told.methods or self.told[key] >= told.times:
            return self._taken() if request.method == "PUT" else self._well(request.http_range)
        self.told[key] += 1
        if told.status == SILENT:
            await asyncio.Event().wait()
        if told.status == web.HTTPOk.status_code:
            return self._well(slice(None))
        text = "" if request.method == "HEAD" else XML.format(code=told.code)
        return web.Response(status=told.status, text=text, content_type="application/xml")

    def _taken(self) -> web.Response:
        return web.Response(headers={"ETag": ETAG})

    def _well(self, wanted: slice) -> web.Response:
        status = 200 if wanted.stop is None else 206
        return web.Response(status=status, body=self.body[wanted], headers={"ETag": ETAG})


@asynccontextmanager
async def told_s3(s3: ToldS3) -> AsyncIterator[str]:
    """Serve it on a free port; gives its address."""
    application = web.Application()
    application.router.add_route("*", "/{bucket}/{key}", s3.answer)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
