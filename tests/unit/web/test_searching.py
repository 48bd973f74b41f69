"""One search for everything; what cannot be searched is named, and hides nothing else."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
import pytest

from schemas.histories import CodeHistory, FanHistory, RequestHistory
from tests.fakes.web_client import api, some_campaigns
from web.access import Access
from web.models import Reason
from web.past import Past
from web.responses import NoAnswer

KINDS = ("request", "code", "fan")
A_REQUEST = RequestHistory(request_id="r-1", operation="reserve", outcome="reserved", campaign_id="Oslo")


class KnownPast(Past):
    """Knows request `r-1`, and no code and no fan; or cannot answer for some kinds."""

    def __init__(self, **failing: Reason) -> None:
        super().__init__()
        self.failing = failing
        self.looked: list[str] = []

    async def request(self, request_id: str, access: Access) -> RequestHistory | None:
        self._look("request")
        return A_REQUEST if request_id == "r-1" and access.sees("Oslo") else None

    async def code(self, code_id: str, access: Access) -> CodeHistory | None:
        assert code_id
        assert access.is_whole
        self._look("code")
        return None

    async def fan(self, fan_id: str, campaigns: Sequence[str] | None = None) -> FanHistory | None:
        assert fan_id
        assert campaigns is None
        self._look("fan")
        return None

    def _look(self, kind: str) -> None:
        self.looked.append(kind)
        if kind in self.failing:
            raise NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, self.failing[kind], "no")


async def searched(q: str, past: Past | None = None, letters: tuple[Any, ...] = ()) -> Any:
    filled = some_campaigns()
    filled.imported("i-berlin", "running", object="s3://codes/autumn.csv")
    filled.imported("i-2", "completed", campaign_id="Berlin")
    for letter in letters:
        filled.dead_letter("invalid", orjson.dumps(letter))
    async with api(filled, past=past) as client:
        answer = await client.get("/api/search", params={"q": q})
        assert 200 == answer.status
        return await answer.json()


async def test_campaigns_and_imports_are_found_by_a_part_in_any_case() -> None:
    """Imports by id, campaign and object; without a database the other kinds are off, and that is said."""
    found = await searched("BERLIN")
    by_object = await searched("autumn.csv")

    assert (["Berlin", "berlin-2"], 2) == (found["campaigns"], found["campaigns_total"])
    assert ({"i-berlin", "i-2"}, 2) == ({item["import_id"] for item in found["imports"]}, found["imports_total"])
    assert dict.fromkeys(KINDS, "not_enabled") == found["unanswered"]
    assert ([], ["i-berlin"]) == (by_object["campaigns"], [item["import_id"] for item in by_object["imports"]])


async def test_a_request_is_found_by_its_id() -> None:
    """With its dead letter, if it has one; a request that only has a dead letter is found too."""
    past = KnownPast()
    letters = ({"request_id": "r-9"}, {"request_id": "r-1"}, ["r-9"], {"request_id": 7}, {"request_id": "no id"})

    found, lost, unknown = [await searched(q, past, letters) for q in ("r-1", "r-9", "no id")]

    assert ("reserved", "Oslo", "0@7") == tuple(
        found["request"][name] for name in ("outcome", "campaign_id", "dead_letter")
    )
    assert (None, "invalid", "0@6") == tuple(lost["request"][name] for name in ("outcome", "reason", "dead_letter"))
    assert (None, {}) == (unknown["request"], unknown["unanswered"])
    assert [*KINDS, *KINDS] == past.looked


@pytest.mark.parametrize(
    ("failing", "looked", "unanswered"),
    [
        ({"request": "unavailable"}, ["request"], dict.fromkeys(KINDS, "unavailable")),
        ({"fan": "busy"}, [*KINDS], {"fan": "busy"}),
        ({"code": "unreadable"}, [*KINDS], {"code": "unreadable"}),
    ],
)
async def test_a_kind_that_cannot_be_searched_is_named(
    failing: dict[str, Reason], looked: list[str], unanswered: dict[str, str]
) -> None:
    """What was found before stays; a database that does not answer is not asked again and again."""
    past = KnownPast(**failing)
    found = await searched("r-1", past)

    assert (looked, unanswered) == (past.looked, found["unanswered"])
    assert ("request" in failing) == (found["request"] is None)


async def test_a_fan_can_be_searched_for_apart() -> None:
    """That reads everything; the rest is answered at once."""
    past = KnownPast()
    async with api(some_campaigns(), past=past) as client:
        for fan in ("without", "only"):
            answer = await client.get("/api/search", params={"q": "r-1", "fan": fan})
            found = await answer.json()
            assert ({}, fan == "only") == (found["unanswered"], found["request"] is None)

    assert [*KINDS] == past.looked


async def test_a_request_has_a_path_of_its_own() -> None:
    """404 for one that nobody knows; 400 for a search for nothing."""
    async with api(some_campaigns(), past=KnownPast()) as client:
        found = await client.get("/api/v1/requests/r-1")
        none = await client.get("/api/v1/requests/r-2")
        nothing = await client.get("/api/search", params={"q": ""})

        assert (200, 404, 400) == (found.status, none.status, nothing.status)
        assert ("r-1", "not_found") == ((await found.json())["request_id"], (await none.json())["error"])
