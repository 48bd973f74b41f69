"""A campaign is archived or purged: what is left, what is refused, and what every check then says."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files, ends
from tests.integration.removing import left
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

REOPEN = ("campaigns", "reopen", "sale")


@pytest.fixture
def codes(environment: dict[str, str]) -> Codes:
    """The command line on this test's deployment."""
    return Codes(environment)


async def sold(neighbour: Neighbour, campaign_id: str, before: int, *, held: int = 0) -> int:
    """Two codes assigned, one released, some held. `before` results were there; gives how many there are now."""
    name, holds = campaign_id, 3 + held
    for number in range(holds):
        await neighbour.send(RESERVE, reserve(f"{name}-{number}", name))
    await neighbour.values(RESULTS, before + holds)
    for number in range(2):
        fields = {"reservation_id": f"{name}-{number}", "fan_id": f"fan-{name}-{number}", "campaign_id": name}
        await neighbour.send(ASSIGN, {"request_id": f"{name}-a-{number}", **fields})
    await neighbour.send(RELEASE, {"request_id": f"{name}-x", "campaign_id": name, "reservation_id": f"{name}-2"})
    await neighbour.values(RESULTS, before + holds + 3)
    return before + holds + 3


@pytest.fixture
async def sale(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> AsyncIterator[Neighbour]:
    """Campaigns `sale` and `other`, imported and sold; with a worker and an importer."""
    for name, count in (("sale", 40), ("other", 5)):
        files.put(f"{name}.csv", "\n".join(f"CODE-{number}" for number in range(count)).encode())
    async with (
        running("worker", environment, tmp_path / "worker.log"),
        running("importer", environment, tmp_path / "importer.log"),
    ):
        for name in ("sale", "other"):
            command = {**files.command(f"{name}.csv", f"i-{name}"), "campaign_id": name}
            await neighbour.send(IMPORT, command, key=name.encode())
        await ends(neighbour, 2)
        await sold(neighbour, "other", await sold(neighbour, "sale", 0), held=1)
        yield neighbour


async def test_a_campaign_is_archived_only_when_nothing_can_move(
    sale: Neighbour, db: Database, codes: Codes, files: Files
) -> None:
    """Closed, and without holds; nothing is written or removed before."""
    to = ("--to", f"s3://{files.bucket}/2026", "--export-id", "final")
    before = await left(db, "sale")
    while_open = await codes("campaigns", "archive", "sale", *to)
    await sale.send(RESERVE, reserve("sale-held", "sale"))
    await sale.values(RESULTS, 14)
    await codes("campaigns", "close", "sale")
    with_hold = await codes("campaigns", "archive", "sale", *to)

    assert (1, 1) == (while_open.code, with_hold.code)
    assert "sale is open: close it" in while_open.err
    assert "1 holds are open" in with_hold.err
    assert {**before, "reservations": before["reservations"] + 1, "requests": before["requests"] + 1} == await left(
        db, "sale"
    )
    assert ["other.csv", "sale.csv"] == files.listed()


async def test_an_archived_campaign_is_exported_and_gone(
    sale: Neighbour, db: Database, codes: Codes, files: Files
) -> None:
    """Late requests, repeats and imports are refused; the other campaign stays; the checks find nothing wrong."""
    to = ("--to", f"s3://{files.bucket}/2026", "--export-id", "final", "--by", "maria")
    await codes("campaigns", "close", "sale")
    others_before = await left(db, "other")

    archived = await codes("campaigns", "archive", "sale", *to, "--json")
    again, reopened = await codes("campaigns", "archive", "sale", *to, "--json"), await codes(*REOPEN)

    assert (0, "removed", 40) == (archived.code, archived.json["state"], archived.json["codes"])
    assert {"reservations": 3, "codes": 40, "requests": 6, "imports": 1, "inventory": 4} == archived.json["removed"]
    manifest = json.loads(files.text(archived.json["manifest"]))
    assert ({"assigned": 2, "available": 38}, True) == (manifest["rows_by_status"], manifest["is_final"])
    assert (others_before, {}) == (await left(db, "other"), await left(db, "sale"))
    assert (0, archived.json["removed_at"]) == (again.code, again.json["removed_at"])
    assert (1, True) == (reopened.code, "cannot be reopened" in reopened.err)
    await check_refusals(sale, files)
    await check_everything(codes)


async def check_refusals(sale: Neighbour, files: Files) -> None:
    """A new reserve, a repeat of one that was answered, a release, an import."""
    await sale.send(RESERVE, reserve("late", "sale"))
    await sale.send(RESERVE, reserve("sale-0", "sale"))
    await sale.send(RELEASE, {"request_id": "sale-z", "campaign_id": "sale", "reservation_id": "sale-0"})
    await sale.send(IMPORT, files.command("sale.csv", "i2"), key=b"sale")
    late = {result["request_id"]: result["reason"] for result in (await sale.values(RESULTS, 16))[13:]}
    end = (await ends(sale, 3))[2]

    assert {"late": "campaign_closed", "sale-0": "campaign_closed", "sale-z": "reservation_not_found"} == late
    assert ("failed", "campaign_closed") == (end["state"], end["reason"])


async def check_everything(codes: Codes) -> None:
    """The list, the audit, the counts, and counts that are published again."""
    listed = await codes("campaigns", "list", "--json")
    audited, retold = await codes("audit", "--json"), await codes("reconcile", "--retell", "--json")
    relisted = await codes("campaigns", "list", "--json")

    states = [(found["campaign_id"], found["state"]) for found in listed.json["campaigns"]]
    assert [("other", "open"), ("sale", "archived")] == states
    assert [] == audited.json["findings"], audited.json["findings"]
    assert "1 archived or purged campaigns, on the topics and in the database" in audited.json["left_out"]
    assert (0, ["sale"]) == (retold.code, retold.json["removed"])
    assert listed.json == relisted.json


async def test_a_purge_counts_first_and_is_recorded(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, codes: Codes, tmp_path: Path
) -> None:
    """With a hold; without the id typed again nothing is removed."""
    await stocked("trial", 20)
    await stocked("other", 5)
    async with running("worker", environment, tmp_path / "worker.log"):
        await sold(neighbour, "trial", 0, held=1)
        while_open = await codes("campaigns", "purge", "trial")
        await codes("campaigns", "close", "trial")
        before = await left(db, "trial")
        counted = await codes("campaigns", "purge", "trial", "--json")
        wrong = await codes("campaigns", "purge", "trial", "--confirm", "other")
        after = await left(db, "trial")
        purged = await codes("campaigns", "purge", "trial", "--confirm", "trial", "--by", "maria", "--json")
        await neighbour.send(ASSIGN, {**reserve("late", "trial"), "reservation_id": "trial-3"})
        [late] = (await neighbour.values(RESULTS, 8))[7:]

    assert before == after
    assert (1, 2, 0) == (while_open.code, wrong.code, counted.code)
    expected = {"reservations": 4, "codes": 20, "requests": 7, "rejects": 0, "imports": 0, "inventory": 4, "holds": 1}
    assert expected == counted.json["would_remove"]
    assert (0, "purge", "removed") == (purged.code, purged.json["kind"], purged.json["state"])
    assert "reservation_not_found" == late["reason"]
    assert {"requests": 1} == await left(db, "trial")
    assert {"codes": 5, "inventory": 1} == await left(db, "other")
    await check_record(db)
    retold = await codes("reconcile", "--retell", "--json")
    assert (0, ["trial"], {"requests": 1}) == (retold.code, retold.json["removed"], await left(db, "trial"))


async def check_record(db: Database) -> None:
    """Who, when, what."""
    [record] = await db["audit_records"].find({}).to_list(None)
    assert ("purge_campaign", "trial", "maria") == tuple(record[name] for name in ("action", "subject", "by"))
    assert {"available": 17, "reserved": 1, "assigned": 2} == record["before"]
    removed = {"reservations": 4, "codes": 20, "requests": 7, "inventory": 4}
    assert removed == {name: count for name, count in record["counts"].items() if count}
    assert record["ended_at"] is not None
