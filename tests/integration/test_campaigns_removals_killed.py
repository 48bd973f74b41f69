"""A removal that is killed, or that meets a worker or a manager: it is made again, and stops nobody."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ops.campaigns.removal import Removal, audit_id
from schemas.clock import utc_now
from schemas.documents import CampaignDocument, RemovalRecord
from stores.mongo import removing as module
from stores.mongo.audit_records import AuditRecords
from stores.mongo.campaign_desk import CampaignDesk
from stores.mongo.closing import Closing
from stores.mongo.codes import MongoCodeStore, MongoParts
from stores.mongo.collections import Collections
from stores.mongo.connection import Database
from stores.mongo.removing import Removing
from tests.contract.deciding import RELEASES, decided
from tests.fakes.builders import a_release, asked
from tests.fakes.stocking import put_holds
from tests.integration.conftest import PutCodes
from tests.integration.removing import left

pytestmark = pytest.mark.integration


class Killed(BaseException):
    """The process dies here."""


def a_removal(db: Database, dies_after: int) -> Removal:
    """A purge of `trial` that dies after so many batches."""
    collections, batches = Collections(db), [dies_after]

    def die(_: Mapping[str, int]) -> None:
        batches[0] -= 1
        if batches[0] < 0:
            raise Killed

    async def nothing() -> None:
        """No Kafka in this test."""
        await asyncio.sleep(0)

    return Removal(
        campaign_id="trial",
        by="maria",
        removing=Removing(collections, "trial"),
        desk=CampaignDesk(collections),
        closing=Closing(collections),
        records=AuditRecords(collections),
        settle=nothing,
        forget=nothing,
        clock=utc_now,
        report=die,
    )


@pytest.mark.parametrize("dies_after", [None, 0, 1, 3, 5, 6])
async def test_a_removal_that_was_killed_is_made_again(
    dies_after: int | None, db: Database, stocked: PutCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any batch, shards included, or before its count (None): the next run ends it, and counts all of it."""
    monkeypatch.setattr(module, "BATCH", 4)
    await stocked("trial", 20)
    await stocked("other", 5)
    await db["imports"].insert_many([an_import(name) for name in ("trial", "other")])
    await Closing(Collections(db)).close("trial", by="maria", now=utc_now())
    with monkeypatch.context() as patched:
        if dies_after is None:
            patched.setattr(AuditRecords, "count", dies)
        with pytest.raises(Killed):
            await a_removal(db, dies_after or 0).purge()
    found = await CampaignDesk(Collections(db)).one("trial")
    assert found is not None
    assert "purged" == found.state

    done = await a_removal(db, 100).purge()

    assert ("removed", 20) == (done.state, done.codes)
    assert {} == await left(db, "trial")
    assert {"codes": 5, "inventory": 1, "imports": 1} == await left(db, "other")
    record = await AuditRecords(Collections(db)).find(audit_id("trial"))
    assert record is not None
    removed = {name: count for name, count in record.counts.items() if count}
    assert {"codes": 20, "imports": 1, "inventory": 1} == removed
    assert ({"available": 20, "reserved": 0, "assigned": 0}, done.removed_at) == (record.before, record.ended_at)


async def dies(*_: Any) -> None:
    """In place of the count of a batch."""
    raise Killed


async def a_closed_trial(db: Database) -> CampaignDocument:
    """Campaign `trial` with one hold, and no shard but the import's."""
    await put_holds(db, "trial", 1, utc_now() + timedelta(hours=1))
    return await Closing(Collections(db)).close("trial", by="maria", now=utc_now())


def a_record() -> RemovalRecord:
    """A purge that begins."""
    return RemovalRecord(kind="purge", state="removing", by="maria", began_at=utc_now(), codes=1)


async def test_a_purge_that_has_begun_stops_no_worker(db: Database, parts: MongoParts) -> None:
    """It was killed before it removed anything: a hold is released, in a partition that begins its shard."""
    document = await a_closed_trial(db)
    assert document.closed_at is not None
    assert await Removing(Collections(db), "trial").begin(a_record(), closed_at=document.closed_at)
    release = asked(a_release(campaign_id="trial", reservation_id="trial-0", fan_id="fan-of-trial-0"))

    (result,) = await decided(MongoCodeStore(parts, RELEASES, publishes_code_values=False), RELEASES, release)

    assert "released" == result.outcome


async def test_a_removal_does_not_begin_after_another_closing(db: Database) -> None:
    """It was reopened and closed again since the export was compared: codes may have been sold."""
    document = await a_closed_trial(db)
    closing = Closing(Collections(db))
    await closing.reopen("trial", by="otto")
    again = await closing.close("trial", by="otto", now=utc_now() + timedelta(seconds=1))
    assert document.closed_at is not None
    assert again.closed_at is not None
    removing = Removing(Collections(db), "trial")

    begun = [await removing.begin(a_record(), closed_at=at) for at in (document.closed_at, again.closed_at)]

    assert [False, True] == begun


def an_import(campaign_id: str) -> dict[str, Any]:
    """An import that has ended."""
    counts = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected", "position", "line")
    nothing = (
        "version_id",
        "etag",
        "code_column",
        "code_type_column",
        "bytes_total",
        "reason",
        "report",
        "chunk_rows",
    )
    return {
        "_id": f"i-{campaign_id}",
        "digest": "",
        "campaign_id": campaign_id,
        "code_type": "tm",
        "bucket": "b",
        "key": "k",
        "state": "completed",
        "run": "",
        "gzip": False,
        "bytes_read": 0,
        "started_at": utc_now(),
        "changed_at": utc_now(),
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(nothing),
    }
