"""What a campaign's document and shards say of its state."""

from datetime import timedelta
from typing import Any

import pytest

from ops.campaigns.accounts import account_of
from schemas.base import rfc3339
from stores.mongo.campaign_desk import CampaignFound, State
from tests.fakes.builders import NOW

REMOVAL = {"kind": "archive", "state": "removed", "removed_at": NOW, "manifest": "s3://b/manifest.json"}


def a_campaign(closed: list[bool], **document: Any) -> CampaignFound:
    """A campaign with a shard of five codes for each mark."""
    found = CampaignFound("summer")
    found.add_document(document)
    for is_closed in closed:
        found.add_shard({"code_type": "tm", "available": 7, "reserved": -2, "assigned": 0, "is_closed": is_closed})
    return found


@pytest.mark.parametrize(
    ("closed", "document", "state"),
    [
        ([False, False], {}, "open"),
        ([True, False], {"closed_at": NOW}, "closing"),
        ([True, True], {"closed_at": NOW}, "closed"),
        ([True, False], {}, "reopening"),
        ([True], {"closed_at": NOW, "removal": REMOVAL}, "archived"),
        ([], {"closed_at": NOW, "removal": {**REMOVAL, "kind": "purge"}}, "purged"),
    ],
)
def test_the_state_is_half_way_until_every_shard_has_the_mark(
    closed: list[bool], document: dict[str, Any], state: State
) -> None:
    """A removal is one from its beginning."""
    found = a_campaign(closed, **document)

    assert (state, True) == (found.state, found.exists)


def test_a_salt_alone_is_no_campaign() -> None:
    """An import has begun, and has written nothing yet."""
    assert a_campaign([]).exists is False


def test_an_account_adds_up_shards_and_has_the_last_import() -> None:
    """The import that began last, in whatever order they are read; one that was edited by hand is none."""
    found = a_campaign([True, True], closed_at=NOW, closed_by="maria", removal=REMOVAL)
    for name, hours in (("i-1", 1), ("i-2", 3), ("i-3", 2)):
        started_at = NOW + timedelta(hours=hours)
        found.add_import({"_id": name, "state": "completed", "started_at": started_at, "changed_at": started_at})
    found.add_import({"_id": "edited"})

    account = account_of(found)

    assert (14, -4, 0, 10) == tuple(account[name] for name in ("available", "reserved", "assigned", "total"))
    assert ("i-2", rfc3339(NOW + timedelta(hours=3))) == (
        account["last_import"]["import_id"],
        account["last_import"]["changed_at"],
    )
    assert rfc3339(NOW) == account["removal"]["removed_at"] == account["closed_at"]
