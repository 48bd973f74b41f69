"""`codes reconcile --retell`: readers with older or newer counts than the database take its counts over."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from audit.reconcile.reconciling import Report, reconcile
from ops.settings.load import Settings
from schemas.topics import INVENTORY
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.restoring import backup_of, decide, published_counts, reserve, restore, serving, straight
from tests.integration.running import Neighbour
from tests.integration.watching import an_announcer, an_event, counts_in, until_true, watching

pytestmark = pytest.mark.integration

NEWER: Final = {"sale": (4, 3, 2), "late": (4, 0, 0)}
FORGOTTEN: Final = {"late": (0, 0, 0)}
"""The campaign that came after the backup."""


async def test_readers_count_what_the_restored_database_does(
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """Also of a shard and a campaign that only they know; and later events of a worker count again."""
    codes = Codes(environment)
    async with watching(environment, tmp_path / "inventory.log") as watcher:
        await stocked("sale", 9)
        async with serving(environment, tmp_path / "w1.log"):
            await decide(neighbour, 1, reserve("r0"))
            backup = await backup_of(db)
            await decide(neighbour, 5, reserve("r1"), reserve("r2"), straight("s0"), straight("s1"))
        await stocked("late", 4)
        behind = await published_counts(neighbour)
        await retell(migrated)
        await until_true(watcher, NEWER)
        await restore(db, backup)
        async with serving(environment, tmp_path / "w2.log"):
            await decide(neighbour, 6, reserve("r3"))
            newer = await published_counts(neighbour), await watcher.counts()

            first = await codes("reconcile", "--retell", "--json")

            await until_true(watcher, {"sale": (7, 2, 0), **FORGOTTEN})
            sold = [straight(f"s{number}") for number in range(2, 5)]
            again, _ = await asyncio.gather(codes("reconcile", "--retell"), decide(neighbour, 9, *sold))
            await until_true(watcher, {**await counts_in(db), **FORGOTTEN})

    assert ({"sale": (-5, 3, 2)}, (NEWER, NEWER)) == (behind, newer)
    assert (0, 2, 4) == (first.code, first.json["campaigns"], first.json["retold"])
    assert (0, "campaigns 2, codes 9, drift 0, shards retold 4\n") == (again.code, again.out)
    assert {"sale": (4, 2, 3), **FORGOTTEN} == await published_counts(neighbour)


async def test_what_readers_cannot_see_yet_is_surpassed_too(
    migrated: Settings, neighbour: Neighbour, stocked: PutCodes
) -> None:
    """An open transaction, as a killed worker leaves one, and what another sender committed behind it."""
    await stocked("sale", 3)
    async with an_announcer(migrated) as announcer:
        await announcer.begin(an_event("sale", 50, 70))
        behind = an_event("sale", 60, 80, shard="import.commands.v1.0")
        await neighbour.send(INVENTORY, behind.to_json(), key=b"sale")

        await retell(migrated)
        await announcer.end()

    assert {"sale": (3, 0, 0)} == await published_counts(neighbour)


async def test_a_shard_that_was_deleted_by_hand_comes_back_without_codes(
    migrated: Settings, neighbour: Neighbour, stocked: PutCodes, db: Database
) -> None:
    """The correcting shard then counts its codes, in the database and for readers."""
    await stocked("sale", 3)
    await retell(migrated)
    await db["inventory"].delete_one({"campaign_id": "sale"})

    report = await retell(migrated, repair=True)

    shards = await db["inventory"].find({}, {"_id": 1, "version": 1, "available": 1}).to_list(None)
    assert (3, 0, 2) == (report.drift, report.remaining, report.retold)
    assert [("sale:tm:import.commands.v1.0", 3, 0), ("sale:tm:reconcile", 2, 3)] == sorted(
        (shard["_id"], shard["version"], shard["available"]) for shard in shards
    )
    assert {"sale": (3, 0, 0)} == await published_counts(neighbour)


async def retell(settings: Settings, *, repair: bool = False) -> Report:
    """Publish all shards again, as the command does."""
    return await reconcile(settings, [], repair=repair, retell=True, keep_all=False)
