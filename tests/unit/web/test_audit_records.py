"""The list of what people did: who may read it, and what it is asked for."""

from typing import Any

import pytest

from tests.fakes.web_client import bearer
from tests.unit.web.test_actions import ACTS, ALL_ON, LOOKS, REACHED, site

RECORDS = "/api/v1/actions/records"


@pytest.mark.parametrize(
    ("claims", "query", "expected"),
    [
        (ACTS, "?by=maria&action=close_campaign&since=2026-11-24T12:00:00Z&limit=5", (503, REACHED)),
        ({"scope": "codes-act", "campaigns": ["spring"]}, "", (503, REACHED)),
        (LOOKS, "", (403, "to act, the token needs the claim codes-act")),
        (ACTS, "?before=yesterday", (400, "before: this is no `next` of an answer")),
    ],
)
async def test_only_who_may_act_lists_what_people_did(claims: Any, query: str, expected: tuple[int, str]) -> None:
    """With a token of single campaigns too, which is shown these; the list of permissions says so."""
    async with site(**ALL_ON) as (client, _):
        answer = await client.get(RECORDS + query, headers=bearer(**claims))
        permissions = await (await client.get("/api/v1/actions", headers=bearer(**claims))).json()
        found = answer.status, (await answer.json())["detail"]

    assert expected == found
    assert (claims != LOOKS, claims == ACTS) == (permissions["records"], permissions["may_act"])
