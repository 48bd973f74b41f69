"""Actions: who may perform them, from where, and what they demand before anything is done."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, NoReturn

import pytest
from aiohttp.test_utils import TestClient, TestServer
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr

from consumers.inventory.role import Lags
from ops.settings.load import Settings
from schemas.action_settings import ActionSettings
from schemas.errors import StoreUnavailable
from schemas.settings import InventorySettings, S3Settings
from stores.mongo.collections import Collections
from tests.fakes.filled_view import FilledView
from tests.fakes.web_client import GUARDED, OPEN, bearer
from web.actions.performing import Acting
from web.actions.routes import Actions
from web.app import web_app
from web.auth import Guard
from web.openapi import Route
from web.past import Source
from web.stream import Streams

ALL_ON: dict[str, Any] = {
    "claim": "codes-act",
    "uri": SecretStr("mongodb://127.0.0.1:1"),
    "s3": True,
    "replay": True,
}
CSV = b"code\nA-1\nA-2\nA-1\nA 3\n"
LOOKS = {"supreme": True, "sub": "vera"}
ACTS = {**LOOKS, "scope": "codes-act"}
SUBJECTS = {"import_id": "i-1", "campaign_id": "spring", "reason": "not_json"}
FILE = "campaign_id=spring&name=spring.csv"
REACHED = "the database was asked"


def reached() -> NoReturn:
    """In place of the database: every check is passed."""
    raise StoreUnavailable(REACHED)


def acting(**actions: Any) -> Acting:
    database = Collections(AsyncIOMotorClient(connect=False)["codes"])
    settings = Settings(actions=ActionSettings(**actions), s3=S3Settings(allowed_buckets=("files",)))
    return Acting(settings, Source(database, reached))


@asynccontextmanager
async def site(
    inventory: InventorySettings = GUARDED, **actions: Any
) -> AsyncIterator[tuple[TestClient[Any, Any], tuple[Route, ...]]]:
    """A client, and the routes that act."""
    filled, guard, on = FilledView(), Guard(inventory), acting(**actions)
    streams = Streams(filled.view, Lags(), filled.topics, 9)
    routes = [route for route in Actions(guard, on).routes() if route.method == "POST"]
    async with TestClient(TestServer(web_app(guard, streams, acting=on))) as client:
        yield client, tuple(routes)
        streams.stopping.set()


def path_of(route: Route) -> str:
    path = re.sub(r"{(\w+)}", lambda name: SUBJECTS[name[1]], route.path)
    query = f"?{FILE}&confirm=spring&sha256={sha256(CSV).hexdigest()}" if path.endswith("uploads") else f"?{FILE}"
    return path + query if route.takes_file else path


def body_of(route: Route, **more: Any) -> dict[str, Any]:
    """What the route expects."""
    if route.takes_file:
        return {"data": CSV, "headers": {"Content-Type": "text/csv"}}
    subject = next(SUBJECTS[name] for name in SUBJECTS if f"{{{name}}}" in route.path)
    return {"json": {"confirm": subject, **({"send": True} if "replay" in route.path else {}), **more}}


async def acted(client: TestClient[Any, Any], route: Route, claims: Any = ACTS, **headers: str) -> tuple[int, str]:
    """Status and detail of one action, as it should be asked for."""
    asked = body_of(route)
    given = {**asked.pop("headers", {}), **(bearer(**claims) if claims else {}), **headers}
    answer = await client.post(path_of(route), headers=given, **asked)
    return answer.status, (await answer.json()).get("detail", "")


async def test_an_actor_reaches_the_database() -> None:
    """With the claim, from the page or without any; only a preview needs none."""
    async with site(**ALL_ON) as (client, routes):
        own = f"http://{client.host}:{client.port}"
        for route in routes:
            expected = (200, "") if route.path.endswith("/preview") else (503, REACHED)
            assert expected == await acted(client, route), route.path
            assert expected == await acted(client, route, Origin=own), route.path
    assert 8 == len(routes)


@pytest.mark.parametrize(
    ("claims", "headers", "expected", "word"),
    [
        (LOOKS, {}, 403, "codes-act"),
        ({"scope": "codes-act"}, {}, 403, "supreme"),
        ({}, {}, 401, "bearer"),
        (ACTS, {"Origin": "https://evil.example"}, 403, "origin"),
        (ACTS, {"Origin": "null"}, 403, "origin"),
        (ACTS, {"Content-Type": "text/plain"}, 400, "content type"),
    ],
)
async def test_every_action_is_refused(claims: Any, headers: dict[str, str], expected: int, word: str) -> None:
    """Without the claim, from a page of another origin, and with a content type that any page may send."""
    async with site(**ALL_ON) as (client, routes):
        for route in routes:
            status, detail = await acted(client, route, claims, **headers)
            assert (expected, True) == (status, word in detail), (route.path, detail)


async def test_no_action_is_a_get() -> None:
    """A link, an image or a prefetch performs nothing."""
    async with site(**ALL_ON) as (client, routes):
        statuses = {(await client.get(path_of(route), headers=bearer(**ACTS))).status for route in routes}

    assert {405} == statuses


async def test_an_action_confirms_the_very_thing() -> None:
    """The path and the body name the same; nothing else is in the body."""
    async with site(**ALL_ON) as (client, routes):
        for route in (route for route in routes if not route.takes_file):
            wrong = [{"confirm": "other"}, {"confirm": ""}, {}, {**body_of(route)["json"], "more": 1}]
            for body in wrong:
                answer = await client.post(path_of(route), json=body, headers=bearer(**ACTS))
                assert 400 == answer.status, (route.path, body)


@pytest.mark.parametrize(
    ("inventory", "changes", "setting"),
    [
        (GUARDED, {"uri": None}, "CODES_ACTIONS__URI"),
        (GUARDED, {"claim": None}, "CODES_ACTIONS__CLAIM"),
        (OPEN, {}, "CODES_ACTIONS__WITHOUT_TOKEN"),
    ],
)
async def test_actions_are_off_by_default(inventory: InventorySettings, changes: Any, setting: str) -> None:
    """Each answer names the setting that is missing; so does the list of permissions."""
    async with site(inventory, **{**ALL_ON, **changes}) as (client, routes):
        answers = [await acted(client, route) for route in routes]
        permissions = await (await client.get("/api/v1/actions", headers=bearer(**ACTS))).json()

    assert {501} == {status for status, _ in answers}
    assert all(setting in detail for _, detail in answers)
    assert (False, None) == (permissions["may_act"], permissions["by"])
    assert setting in permissions["why_not"]


@pytest.mark.parametrize(("name", "setting"), [("s3", "CODES_ACTIONS__S3"), ("replay", "CODES_ACTIONS__REPLAY")])
async def test_what_needs_more_rights_is_off_by_default(name: str, setting: str) -> None:
    """S3 for files and reports, the request topics for replays."""
    async with site(**{**ALL_ON, name: False}) as (client, routes):
        answers = [await acted(client, route) for route in routes]

    off = [detail for status, detail in answers if status == 501]
    assert {"s3": 3, "replay": 1}[name] == len(off)
    assert all(setting in detail for detail in off)


async def test_a_viewer_is_told_that_looking_is_all() -> None:
    """An actor is named as in the audit record; on loopback, everybody is `local`."""
    async with site(**ALL_ON) as (client, _):
        looks = await (await client.get("/api/v1/actions", headers=bearer(**LOOKS))).json()
        acts = await (await client.get("/api/v1/actions", headers=bearer(**ACTS))).json()
    async with site(OPEN, **{**ALL_ON, "without_token": True}) as (client, routes):
        local = await (await client.get("/api/v1/actions")).json()
        status, _ = await acted(client, routes[0], claims=None)
        elsewhere, _ = await acted(client, routes[0], claims=None, Origin="https://evil.example")

    assert (False, None) == (looks["may_act"], looks["by"])
    assert (True, "vera") == (acts["may_act"], acts["by"])
    assert (True, "local", 503, 403) == (local["may_act"], local["by"], status, elsewhere)


async def test_behind_a_proxy_the_origin_is_a_setting() -> None:
    """The proxy may change the header `Host`."""
    async with site(**ALL_ON, origin="https://codes.example") as (client, routes):
        known, _ = await acted(client, routes[0], Origin="https://codes.example")
        other, _ = await acted(client, routes[0], Origin=f"http://{client.host}:{client.port}")

    assert (503, 403) == (known, other)


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    """Without a length in the header."""
    for piece in pieces:
        yield piece


async def preview(client: TestClient[Any, Any], content: Any, name: str = "spring.csv") -> tuple[int, Any]:
    headers = {"Content-Type": "text/csv", **bearer(**ACTS)}
    path = f"/api/v1/uploads/preview?campaign_id=spring&name={name}"
    answer = await client.post(path, data=content, headers=headers)
    return answer.status, await answer.json()


async def test_a_preview_counts_and_shows_no_code() -> None:
    """Rows, rejects by reason, duplicates within the file."""
    async with site(**ALL_ON) as (client, _):
        status, found = await preview(client, CSV)
        _, broken = await preview(client, CSV, "spring.csv.gz")

    assert (200, 4, 2, 1, 1) == (
        status,
        *(found[key] for key in ("rows_read", "codes", "duplicates_in_file", "rejected")),
    )
    assert ({"bad_character": 1}, [{"line": 5, "reason": "bad_character"}]) == (found["rejects"], found["lines"])
    assert (sha256(CSV).hexdigest(), len(CSV), None) == (found["sha256"], found["size_bytes"], found["reason"])
    assert "bad_gzip" == broken["reason"]
    assert "A-1" not in str(found)


async def test_only_the_previewed_file_is_imported() -> None:
    """Another file, a larger one, and one for another campaign are refused before anything is written."""
    async with site(**ALL_ON, upload_bytes_max=1_024) as (client, _):
        headers = {"Content-Type": "text/csv", **bearer(**ACTS)}
        path = f"/api/v1/uploads?{FILE}&sha256={sha256(CSV).hexdigest()}&confirm="
        other = await client.post(f"{path}spring", data=CSV + b"A-9\n", headers=headers)
        differs = (await other.json())["detail"]
        unconfirmed = await client.post(f"{path}summer", data=CSV, headers=headers)
        large, _ = await preview(client, b"A" * 1_025)
        streamed, _ = await preview(client, in_pieces(b"A" * 1_000, b"B" * 1_000))
        empty, _ = await preview(client, b"")
        slash, _ = await preview(client, CSV, "..%2Fspring.csv")

    assert (400, "sha256") == (other.status, differs.partition(":")[0])
    assert [400] * 5 == [unconfirmed.status, large, streamed, empty, slash]
