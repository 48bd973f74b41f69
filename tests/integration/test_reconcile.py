"""`codes reconcile` on real parts: silent while the service works, loud when a count was changed by hand."""

import asyncio
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.reconcile.reconciling import Report
from handlers.inventory.reconcile import shards_to_renumber
from ops.settings.load import Settings
from schemas.topics import IMPORT
from stores.mongo import reconcile as store
from stores.mongo.collections import open_collections
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files, ends
from tests.integration.reconciling import correction, drifts, look, published_shards, published_totals, traffic
from tests.integration.running import Neighbour, running
from tests.integration.watching import counts_in

pytestmark = pytest.mark.integration

STATES = 10
LOOKS_MAX = 500
CHUNK = {"CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "500"}
SHARD = "sale:tm:import.commands.v1.0"


@pytest.fixture
def codes(environment: dict[str, str], migrated: Settings) -> Codes:
    """The command line on this test's topics and database."""
    return Codes(environment)


async def looks(settings: Settings) -> list[Report]:
    """As many as it takes to see `STATES` states, and the import among what changes them."""
    reports = [await look(settings)]
    while len({tuple(report.lines) for report in reports}) < STATES or len({report.codes for report in reports}) < 2:
        assert len(reports) < LOOKS_MAX, "nothing moves any more"
        await asyncio.sleep(0.02)
        reports.append(await look(settings))
    return reports


async def test_there_is_no_drift_while_the_service_works(
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    files: Files,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """In the midst of requests and of an import, a planted drift is all that is seen; after its repair, nothing.

    Counts may be published again meanwhile, by two at once: readers count what there is.
    """
    await stocked("sale", 2_000)
    files.put("more.csv", b"".join(b"MORE-%06d\n" % number for number in range(6_000)))
    async with (
        running("worker", environment, tmp_path / "worker.log") as worker,
        running("importer", environment, tmp_path / "importer.log", **CHUNK) as importer,
    ):
        await asyncio.gather(worker.until_ready(), importer.until_ready())
        await neighbour.send(IMPORT, files.command("more.csv"))
        async with traffic(neighbour):
            reports = await looks(migrated)
            await db["inventory"].update_one({"_id": SHARD}, {"$inc": {"reserved": 7}})
            planted, repaired, after = [await look(migrated, repair=repair) for repair in (False, True, False)]
            await asyncio.gather(look(migrated, retell=True), look(migrated, retell=True))
        await ends(neighbour, 1)
        for role in (worker, importer):
            role.signal(signal.SIGTERM)
        assert (0, 0) == (await worker.ended(), await importer.ended())

    assert {0} == {report.drift for report in reports}
    assert (7, 7) == (planted.drift, planted.remaining)
    assert (7, 0) == (repaired.drift, repaired.remaining)
    assert (0, 0) == (after.drift, (await look(migrated)).drift)
    assert (await counts_in(db))["sale"] == await published_totals(neighbour)


async def test_a_shard_changed_by_hand_is_found_and_corrected(
    environment: dict[str, str],
    codes: Codes,
    neighbour: Neighbour,
    files: Files,
    db: Database,
    tmp_path: Path,
) -> None:
    """The correction is a shard of its own; every reader of `inventory.v1` then counts what there is."""
    files.put("few.csv", b"CODE-1\nCODE-2\nCODE-3\n")
    async with running("importer", environment, tmp_path / "importer.log"):
        await neighbour.send(IMPORT, files.command("few.csv"))
        await ends(neighbour, 1)
    sound = await codes("reconcile")
    await db["inventory"].update_one({"campaign_id": "sale"}, {"$set": {"available": 5, "assigned": 1}})

    found, shown = await asyncio.gather(codes("reconcile", "--json"), codes("reconcile"))
    repaired = await codes("reconcile", "--repair")
    after, audited = await asyncio.gather(
        codes("reconcile", "--json", "--all", "--campaign", "sale"), codes("audit", "--json")
    )

    assert (0, "campaigns 1, codes 3, drift 0\n") == (sound.code, sound.out)
    assert (1, 3, 3) == (found.code, found.json["drift"], found.json["remaining"])
    assert {"assigned": (1, 0, 1), "available": (5, 3, 2)} == drifts(found.json["lines"])
    assert (1, shown.out.splitlines()[:-1]) == (shown.code, repaired.out.splitlines()[:-1])
    assert "campaigns 1, codes 3, drift 3, after the repair 0" == repaired.out.splitlines()[-1]
    assert (0, 0) == (repaired.code, after.code)
    assert {"assigned": (0, 0, 0), "available": (3, 3, 0), "reserved": (0, 0, 0)} == drifts(after.json["lines"])
    assert (-2, 0, -1) == await correction(db)
    assert (3, 0, 0) == await published_totals(neighbour)
    assert (0, []) == (audited.code, audited.json["findings"])
    assert not any("CODE-" in ended.out + ended.err for ended in (found, shown, repaired, after))


async def test_a_code_changed_by_hand_is_found_and_corrected(
    migrated: Settings, codes: Codes, neighbour: Neighbour, stocked: PutCodes, db: Database
) -> None:
    """The codes are the truth; a second correction continues from the first."""
    await stocked("sale", 3)
    await db["codes"].update_one({"campaign_id": "sale"}, {"$set": {"status": "assigned"}})

    found = await codes("reconcile", "--json")
    await look(migrated, repair=True)
    first = await correction(db)
    await db["codes"].delete_many({"status": "assigned"})
    await look(migrated, repair=True)

    assert 1 == found.code
    assert {"assigned": (0, 1, -1), "available": (3, 2, 1)} == drifts(found.json["lines"])
    assert ((-1, 0, 1), (-1, 0, 0)) == (first, await correction(db))
    assert (2, 0, 0) == await published_totals(neighbour)
    assert 0 == (await look(migrated)).drift


async def test_repairs_at_the_same_time_correct_once(
    migrated: Settings, neighbour: Neighbour, stocked: PutCodes, db: Database
) -> None:
    """This holds with and without an earlier correcting shard."""
    await stocked("sale", 3)
    for drift in (4, 9):
        await db["inventory"].update_one({"_id": SHARD}, {"$set": {"available": 3 + drift}})

        reports = await asyncio.gather(*(look(migrated, repair=True) for _ in range(4)))

        assert {0} == {report.remaining for report in reports}
        assert (-drift, 0, 0) == await correction(db)
        assert (3, 0, 0) == await published_totals(neighbour)


async def test_a_correction_that_was_not_published_is_published_by_the_next_repair(
    migrated: Settings, neighbour: Neighbour, stocked: PutCodes, db: Database
) -> None:
    """A repair that dies between the database and Kafka has corrected all the same."""
    await stocked("sale", 3)
    await db["inventory"].update_one({"_id": SHARD}, {"$inc": {"available": 1}})
    now = datetime.now(UTC)
    async with open_collections(migrated.mongo) as collections:
        books = store.Reconciliation(collections)
        for shard in shards_to_renumber(await books.snapshot_of("sale")):
            await books.renumber(shard, now=now)
        await books.correct("sale", now=now)

    again = await look(migrated, repair=True)

    assert (0, 0) == (again.drift, again.remaining)
    assert {"import.commands.v1.0": 2, "reconcile": 1} == versions(await published_shards(neighbour))
    assert (3, 0, 0) == await published_totals(neighbour)


def versions(shards: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: shard["version"] for name, shard in shards.items()}


async def test_every_campaign_is_looked_at(
    migrated: Settings, stocked: PutCodes, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages are read, and a campaign whose shards were deleted is found."""
    monkeypatch.setattr(store, "SHARDS_PAGE", 3)
    monkeypatch.setattr(store, "CAMPAIGNS_PAGE", 2)
    for number in range(5):
        await stocked(f"sale-{number}", 2)
        await stocked(f"sale-{number}", 1, code_type="external")
    await db["inventory"].delete_many({"campaign_id": "sale-1"})

    report = await look(migrated)

    assert (5, 15, 3) == (report.campaigns, report.codes, report.drift)
    assert {"sale-1"} == {line.key.campaign_id for line in report.lines if line.drift}


async def test_what_cannot_be_done_is_reported_on_one_line(codes: Codes, stocked: PutCodes, db: Database) -> None:
    """A repair that could not publish its correction corrects nothing."""
    await stocked("sale", 2)
    await db["inventory"].update_one({"_id": SHARD}, {"$inc": {"available": 1}})
    without_kafka = Codes({**codes.environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"})

    nowhere, unreached = await asyncio.gather(
        codes("reconcile", "--campaign", "nowhere", "--json"), without_kafka("reconcile", "--repair")
    )
    looked = await without_kafka("reconcile", "--json")

    assert (1, ["nowhere"], "codes: there is no campaign nowhere\n") == (
        nowhere.code,
        nowhere.json["unknown"],
        nowhere.err,
    )
    assert (3, "", 1) == (unreached.code, unreached.out, len(unreached.err.splitlines()))
    assert (1, 1) == (looked.code, looked.json["drift"])
