"""A token of single campaigns: what it is answered is what it would be answered if there were no other campaigns."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from consumers.inventory.role import Lags
from schemas.records import OutgoingRecord
from tests.fakes.filled_view import FilledView
from tests.fakes.web_client import GUARDED, api, bearer, events
from web.access import EVERYTHING, Access
from web.actions.performing import Acting
from web.app import Api
from web.auth import Guard
from web.past import Past
from web.stream import EVERY_S, Client, Streams, news
from web.stream import events as events_of

MINE, THEIRS, REASON = "mine", "hidden-from-me", "invalid"
OF_MINE: Final = bearer(campaigns=[MINE])
OF_ALL: Final = bearer(supreme=True)
ACTIONS: Final = {
    "/api/v1/imports/{import_id}/cancel",
    "/api/v1/imports/{import_id}/retry",
    "/api/v1/imports/{import_id}/report",
    "/api/v1/campaigns/{campaign_id}/standing",
    "/api/v1/campaigns/{campaign_id}/close",
    "/api/v1/campaigns/{campaign_id}/reopen",
    "/api/v1/uploads/preview",
    "/api/v1/uploads",
    "/api/v1/dead-letters/{reason}/replay",
}
"""Only whoever sees all campaigns may act."""
ANSWERED: Final = {
    **dict.fromkeys(ACTIONS, 403),
    "/api/v1/actions": 200,
    "/api/v1/actions/records": 501,
    "/api/campaigns": 200,
    "/api/campaigns/{campaign_id}": 200,
    "/api/campaigns/{campaign_id}/history": 200,
    "/api/health": 200,
    "/api/attention": 200,
    "/api/attention/marks": 400,
    "/api/imports": 200,
    "/api/lag": 200,
    "/api/alerts": 200,
    "/api/dead-letters": 200,
    "/api/dead-letters/{reason}": 200,
    "/api/v1/fans/{fan_id}": 501,
    "/api/v1/codes/{code_id}": 501,
    "/api/v1/requests/{request_id}": 501,
    "/api/search": 200,
    "/api/stream": 200,
    "/api/openapi.json": 200,
}
"""Every path, and what a token of `MINE` gets there; 403: only for whoever sees all campaigns. Histories are off
here; `tests/contract/test_scanning.py` has them."""
NOT_ABOUT_CAMPAIGNS: Final = {"/api/health", "/api/lag", "/api/openapi.json", "/api/attention/marks"}
COUNTS_ONLY: Final = {"/api/dead-letters"}


def filled() -> FilledView:
    """Two campaigns, of which everything is known, and a dead letter of neither."""
    found = FilledView()
    for name in (MINE, THEIRS):
        found.change(name, 1, 500)
        found.change(name, 2, 20, 480)
        place = {"campaign_id": name, "object": f"s3://codes/{name}.csv"}
        found.imported(f"failed-{name}", "failed", reason="no_such_object", **place)
        found.imported(f"runs-{name}", "running", **place)
        found.alerted(f"alert-{name}", campaign_id=name)
        found.rejected(name, REASON)
    found.dead_letter("not_json")
    return found


def paths_of(path: str) -> Iterator[str]:
    """A route's path with a campaign's id, or another word, in place of each parameter."""
    for word in (MINE, THEIRS, REASON):
        if path == "/api/search":
            yield f"{path}?q=m"
            return
        yield re.sub(r"{\w+}", word, path)
        if "{" not in path:
            return


async def answer_of(client: TestClient[Any, Any], method: str, path: str, token: dict[str, str]) -> tuple[int, str]:
    """Status and body; of a stream its first events, and those after a change of every campaign."""
    answer = await client.request(method, path, headers=token, json=None if method == "GET" else {})
    if answer.content_type != "text/event-stream":
        return answer.status, await answer.text()
    return answer.status, str(await events(answer, 7))


async def test_no_route_answers_another_campaigns_id() -> None:
    """All routes, with any parameters. A new route fails here until it is said what a token of a campaign gets."""
    view = filled()
    routes = Api(Guard(GUARDED), Streams(view.view, Lags(), view.topics, 1), Past(), Acting()).routes
    statuses: dict[str, set[int]] = {route.path: set() for route in routes}
    shown_to_all = set()
    async with api(view, GUARDED) as client:
        for route in routes:
            for path in paths_of(route.path):
                status, body = await answer_of(client, route.method, path, OF_MINE)
                statuses[route.path].add(status)
                assert THEIRS not in body, path
                _, whole = await answer_of(client, route.method, path, OF_ALL)
                shown_to_all |= {route.path} if THEIRS in whole else set()

    assert ANSWERED == {path: min(found) for path, found in statuses.items()}
    histories = {path for path in ANSWERED if path.startswith("/api/v1/")}
    assert ANSWERED.keys() - NOT_ABOUT_CAMPAIGNS - COUNTS_ONLY - ACTIONS - histories == shown_to_all


async def test_a_path_that_is_not_narrowed_needs_a_token_for_all_campaigns() -> None:
    """A new route shows nothing by mistake."""
    view = filled()
    routes = Api(Guard(GUARDED), Streams(view.view, Lags(), view.topics, 1), Past(), Acting()).routes

    assert {"/api/openapi.json", *ACTIONS} == {route.path for route in routes if not route.narrows}


async def test_another_campaign_is_like_one_that_does_not_exist() -> None:
    """Nobody learns which ids there are."""
    async with api(filled(), GUARDED) as client:
        for path in ("campaigns/{}", "campaigns/{}/history"):
            answers = [
                await answer_of(client, "GET", f"/api/{path.format(name)}", OF_MINE) for name in (THEIRS, "none")
            ]
            assert answers[0] == answers[1]
            assert 404 == answers[0][0]


async def test_dead_letters_of_nobody_are_for_those_who_see_all() -> None:
    """Counts, the list, and the item that needs attention."""
    async with api(filled(), GUARDED) as client:
        counts = json.loads((await answer_of(client, "GET", "/api/dead-letters", OF_MINE))[1])
        unknown = json.loads((await answer_of(client, "GET", "/api/dead-letters/not_json", OF_MINE))[1])
        items = json.loads((await answer_of(client, "GET", "/api/attention", OF_MINE))[1])["items"]

    assert (1, 1, 0) == (counts["total"], counts["reasons"]["invalid"], counts["reasons"]["not_json"])
    assert [] == unknown["items"]
    assert [(MINE, "1 dead letter of mine")] == [
        (item["campaign_id"], item["title"]) for item in items if item["kind"] == "dead-letters"
    ]


async def test_only_items_of_own_campaigns_are_marked() -> None:
    """404 for an item of another campaign; 403 for one of everybody. The item of all dead letters stays open."""
    view, sent = filled(), list[OutgoingRecord]()
    view.beats("worker", "importer", "expirer", seconds=5)
    view.beats("worker", "importer", "expirer", seconds=2, mongo=view.now)
    async with api(view, GUARDED, sent=sent) as client:
        listed = {name: await items_of(client, token) for name, token in (("all", OF_ALL), ("mine", OF_MINE))}
        statuses = {}
        for key, item in {**listed["all"], **listed["mine"]}.items():
            body = {"key": key, "action": "acknowledge"}
            answer = await client.post("/api/attention/marks", json=body, headers=OF_MINE)
            statuses[item["kind"], item["campaign_id"]] = answer.status
        after = await items_of(client, OF_ALL)

    wanted = {("dead-letters", None): 404, ("dead-letters", MINE): 200, ("health", None): 403}
    for kind in ("stock", "import"):
        wanted |= {(kind, MINE): 200, (kind, THEIRS): 404}
    assert wanted == statuses
    marked = {(item["kind"], item["campaign_id"]) for item in after.values() if item["mark"] is not None}
    assert {("stock", MINE), ("import", MINE)} == marked


async def items_of(client: TestClient[Any, Any], token: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What needs attention, by key."""
    found = json.loads((await answer_of(client, "GET", "/api/attention", token))[1])
    return {item["key"]: item for item in found["items"]}


async def test_a_stream_does_not_continue_with_another_access() -> None:
    """Who gets a token for more campaigns is sent all of them, although none has changed."""
    view = filled()
    async with api(view, GUARDED) as client:
        first = await client.get("/api/stream", headers=OF_MINE)
        last = (await events(first, 7))[-1]["id"]
        same = await client.get("/api/stream", headers={**OF_MINE, "Last-Event-ID": last})
        other = await client.get("/api/stream", headers={**OF_ALL, "Last-Event-ID": last})
        [event] = await events(other, 1)
        await events(same, 1)  # the lag, which every new client is sent
        view.change(THEIRS, 3, 10)
        view.change(MINE, 3, 11)
        [change] = await events(same, 1)

    assert ("campaigns", 2) == (event["event"], json.loads(event["data"])["total"])
    assert [MINE] == [item["campaign_id"] for item in json.loads(change["data"])["items"]]


def test_viewers_of_equal_access_share_their_bytes() -> None:
    """Others get their own; a change of another campaign builds nothing anew."""
    view = filled()
    streams = Streams(view.view, Lags(), view.topics, 9)
    mine = [Client(-1, access=Access(frozenset({MINE}))) for _ in range(3)]
    contents = [news(streams, client, 0.0) for client in (*mine, Client(-1))]
    builds = streams.campaigns.builds
    view.change(THEIRS, 3, 10)
    later = {id(news(streams, client, EVERY_S)) for client in mine}

    assert (2, 1) == (len({id(content) for content in contents}), len(later))
    assert THEIRS.encode() not in contents[0]
    assert builds + 1 == streams.campaigns.builds  # judged once, for whoever sees it


KINDS: Final = ("change", "imported", "alerted", "rejected")
STEPS: Final = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), st.integers(0, 9)), max_size=40)


@given(STEPS, st.sets(st.sampled_from("abc"), min_size=1))
def test_it_is_as_if_there_were_no_other_campaigns(steps: list[tuple[str, str, int]], own: set[str]) -> None:
    """All events of the stream, after any history: the same as of a view that never heard of the others."""
    whole, narrow = FilledView(), FilledView()
    for number, (what, name, amount) in enumerate(steps):
        played(whole, number, what, name, amount)
        if name in own:
            played(narrow, number, what, name, amount)

    assert told(narrow, EVERYTHING) == told(whole, Access(frozenset(own)))


def played(view: FilledView, number: int, what: str, name: str, amount: int) -> None:
    """One event of a campaign."""
    if what == "change":
        view.change(name, number + 1, amount, 9)
    elif what == "imported":
        view.imported(f"i-{number}", ("running", "failed")[amount % 2], campaign_id=name, rows_read=amount)
    elif what == "alerted":
        view.alerted(f"a-{number}", campaign_id=name)
    else:
        view.rejected(name, offset=number)


def told(view: FilledView, access: Access) -> dict[str, Any]:
    """Each event of a new client. The item about dead letters differs: it is one for each campaign."""
    view.later(120)
    streams = Streams(view.view, Lags(), view.topics, 9)
    streams.judge.refresh()
    found = {}
    for text in events_of(streams, (-1, False, access), 0):
        name, _, data = text.splitlines()[:3]
        found[name] = orjson.loads(data.removeprefix("data: "))
    items = found["event: attention"].pop("items")
    found["event: attention"] = [item for item in items if item["kind"] != "dead-letters"]
    return found
