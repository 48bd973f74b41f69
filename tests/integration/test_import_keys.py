"""Keys that not everybody on the way reads alike: what a gateway makes of them, and which the importer refuses."""

import posixpath
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import aiohttp
import pytest
from aiohttp import web

from ops.settings.load import Settings
from schemas.errors import ImportFailed
from stores.import_port import ObjectPlace
from stores.s3.connection import connected
from stores.s3.objects import S3Objects
from tests.integration.importing import Files
from tests.integration.one_partition import Objects

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

pytestmark = pytest.mark.integration

HIDDEN: Final = ("../{other}/secret.csv", "a/../../{other}/secret.csv", "./../{other}/secret.csv")
UNSAFE: Final = (*HIDDEN, "..", ".", "a/..", "a/./b.csv", "a\nb.csv", "a\x00b.csv", "a\x7f.csv", "a\x85.csv")
ODD: Final = (
    "/a.csv",
    "a//b.csv",
    "a\\..\\b.csv",
    "a/..b/c..csv",
    "a/%2e%2e/b.csv",
    " a .csv",
    "a?b#c&d=e.csv",
    "é/…",
)


@asynccontextmanager
async def normalising(address: str) -> AsyncIterator[str]:
    """A gateway before S3 that resolves dot segments, as nginx and Envoy do by themselves."""

    async def pass_on(request: web.Request) -> web.Response:
        path = posixpath.normpath(unquote(request.raw_path.partition("?")[0]))
        async with session.request(request.method, address + path, headers=request.headers) as answer:
            headers = {name: answer.headers[name] for name in ("ETag", "Content-Length") if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read() or None, headers=headers)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", pass_on)
    runner = web.AppRunner(application, access_log=None)
    async with aiohttp.ClientSession() as session:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def through(way: str, settings: Settings) -> AbstractAsyncContextManager["S3Client"]:
    """A client of S3 behind the gateway."""
    return connected(settings.s3.model_copy(update={"endpoint_url": way}))


@pytest.mark.parametrize("key", HIDDEN)
async def test_another_buckets_object_is_not_read(
    key: str, objects: Objects, files: Files, settings: Settings
) -> None:
    """A gateway takes a key of the allowed bucket for another bucket's object. S3 gives it; the importer asks not."""
    other = f"{files.bucket}-other"
    files.client.create_bucket(Bucket=other)
    files.client.put_object(Bucket=other, Key="secret.csv", Body=b"SECRET-1\n")
    place = ObjectPlace(files.bucket, key.format(other=other))
    try:
        async with normalising(settings.s3.endpoint_url or "") as way, through(way, settings) as client:
            answer = await client.get_object(Bucket=place.bucket, Key=place.key)
            given = await answer["Body"].read()
            store = S3Objects(client, [files.bucket])
            for refused in (store.look(place), store.read(place, "etag", 0, 9)):
                with pytest.raises(ImportFailed, match="bad_key"):
                    await refused
        assert b"SECRET-1\n" == given
    finally:
        files.client.delete_object(Bucket=other, Key="secret.csv")
        files.client.delete_bucket(Bucket=other)


@pytest.mark.parametrize("key", UNSAFE)
async def test_unsafe_keys_are_refused(key: str, objects: Objects, files: Files) -> None:
    """By their form: nothing is asked of S3, there or not."""
    with pytest.raises(ImportFailed, match="bad_key"):
        await objects.look(ObjectPlace(files.bucket, key.format(other="other")))


@pytest.mark.parametrize("key", ODD)
async def test_odd_keys_are_read_as_they_are(key: str, objects: Objects, files: Files, settings: Settings) -> None:
    """Nothing resolves them, so they are the very objects that they name."""
    async with connected(settings.s3) as client:
        await client.put_object(Bucket=files.bucket, Key=key, Body=key.encode())
    place = ObjectPlace(files.bucket, key)

    seen = await objects.look(place)

    assert key.encode() == await objects.read(place, seen.etag, 0, seen.size_bytes)
    assert [key] == files.listed()
