"""The list of dead letters of a reason: where they were, what is wrong, how to replay them; never what they hold."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from tests.fakes.filled_view import FilledView
from tests.fakes.web_client import GUARDED, api, bearer

IDENTITY = "reserve.requests.v1.3@17/2026-11-24T12:00:00.000Z"


async def listed(client: TestClient[Any, Any], path: str, **claims: Any) -> tuple[int, Any]:
    answer = await client.get(f"/api/dead-letters/{path}", headers=bearer(**claims) if claims else {})
    return answer.status, await answer.json()


async def test_a_dead_letter_leads_to_its_record_and_its_commands() -> None:
    """The record's place, the fields at fault, and what to type."""
    filled = FilledView()
    filled.change("spring", 1, 9)
    filled.rejected("spring", offset=5)
    async with api(filled) as client:
        status, answer = await listed(client, "invalid")

    assert (200, "invalid") == (status, answer["reason"])
    assert [
        {
            "address": "0@5",
            "campaign_id": "spring",
            "topic": "reserve.requests.v1",
            "partition": 3,
            "offset": 17,
            "at": "2026-11-24T12:00:00.000Z",
            "fields": "quantity",
            "detail": "quantity: Input should be a valid integer",
            "replayed": False,
            "show": "codes dead-letters show 0@5",
            "replay": "codes dead-letters replay 0@5",
        }
    ] == answer["items"]


async def test_the_latest_are_first_and_a_limit_is_kept() -> None:
    """The limit is checked as everywhere; a reason that does not exist is 404."""
    filled = FilledView()
    for offset in range(3):
        filled.later(1)
        filled.rejected("spring", offset=offset)
    async with api(filled) as client:
        found = [item["address"] for item in (await listed(client, "invalid?limit=2"))[1]["items"]]
        refused = [(await listed(client, path))[0] for path in ("invalid?limit=0", "invalid?limt=1", "none")]

    assert ["0@2", "0@1"] == found
    assert [400, 400, 404] == refused


async def test_a_replay_is_shown() -> None:
    """Whoever made it, and whether the note or the dead letter is read first."""
    filled = FilledView()
    filled.replayed(IDENTITY)
    filled.rejected("spring")
    async with api(filled) as client:
        [item] = (await listed(client, "invalid"))[1]["items"]

    assert item["replayed"]


async def test_nothing_that_a_record_holds_is_shown() -> None:
    """Nor what somebody else wrote to the topic; of a campaign only its own id, if there is such a campaign."""
    filled = FilledView()
    filled.rejected("SECRET-2")
    filled.dead_letter("invalid", b"SECRET-1", (("dlq-detail", b"SECRET-1: x"),))
    async with api(filled) as client:
        _, answer = await listed(client, "invalid")

    assert "SECRET" not in str(answer)
    assert [(None, None, ""), ("reserve.requests.v1", None, "quantity")] == [
        (item["topic"], item["campaign_id"], item["fields"]) for item in answer["items"]
    ]


@pytest.mark.parametrize(("campaigns", "found"), [(["spring"], ["0@1"]), (["spring", "none"], ["0@1"]), (["x"], [])])
async def test_a_manager_sees_those_of_own_campaigns(campaigns: list[str], found: list[str]) -> None:
    """None of others, and none of nobody."""
    filled = FilledView()
    filled.rejected("spring", offset=1)
    filled.rejected("summer", offset=2)
    filled.dead_letter("invalid", offset=3)
    async with api(filled, GUARDED) as client:
        _, answer = await listed(client, "invalid", campaigns=campaigns)

    assert found == [item["address"] for item in answer["items"]]
