"""What the inventory has from MongoDB: histories as in the terminal, and actions; nothing else depends on it."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, DEAD_LETTERS, IMPORT, RESERVE, RESULTS
from tests.docs.json_keys import check
from tests.integration.acting import Actor, acting_with, end_of, until_rows
from tests.integration.commanding import Codes
from tests.integration.importing import Files
from tests.integration.neighbouring import Sale
from tests.integration.running import running
from tests.integration.watching import Watcher, watching

pytestmark = pytest.mark.integration

NOBODY = "mongodb://127.0.0.1:1/?replicaSet=rs0"
LONG = "code\n" + "".join(f"LONG-{number}\n" for number in range(40_000))
SHORT = b"code\nA-1\nA-2\nA-1\nA 3\n"
ACTIONS = (
    ("import_file", "spring"),
    *(("download_report", "first"), ("close_campaign", "spring"), ("retry_import", "first")),
    *(("reopen_campaign", "spring"), ("cancel_import", "i-long"), ("cancel_import", "none")),
    ("replay_dead_letters", "not_json"),
)
SMALL = {"CODES_IMPORTER__RANGE_BYTES": "4096", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "10"}
ANSWER_S = 30
"""Less than a search may take, and far more than the time-out of MongoDB."""


async def test_a_fan_a_code_and_a_request_are_answered_with_their_history(sale: Sale, tmp_path: Path) -> None:
    """Like `codes show`; 404 for whoever is unknown, 400 for a parameter that does not exist."""
    fan = {"campaign_id": "spring", "fan_id": "f-1"}
    await sale.neighbour.send(RESERVE, {"request_id": "r-1", **fan})
    [reserved] = await sale.neighbour.values(RESULTS, 1)
    await sale.neighbour.send(ASSIGN, {"request_id": "a-1", **fan, "reservation_id": "r-1"})
    await sale.neighbour.values(RESULTS, 2)
    code_id = reserved["code_ids"][0]
    uri = {"CODES_INVENTORY__HISTORY_URI": sale.environment["CODES_MONGO__URI"]}
    async with watching(sale.environment, tmp_path / "inventory.log", **uri) as watcher:
        [history, code, request] = [
            await found(watcher, f"/api/v1/{path}") for path in ("fans/f-1", f"codes/{code_id}", "requests/r-1")
        ]
        searched = [await found(watcher, f"/api/search?q={q}") for q in ("f-1", code_id, "r-1")]
        wrong = ("fans/f-1?campaign_id=summer", "fans/f-1?campain=a", "codes/none", "requests/none")
        problems = [await watcher.get(f"/api/v1/{path}") for path in wrong]
        written = watcher.role.log.read_text()

    codes = Codes(sale.environment)
    shown = [(await codes("show", *words, "--json")).json for words in (("fan", "f-1"), ("request", "r-1"))]
    [value] = await sale.assigned_codes()
    assert [history, request] == [shown[0], {**shown[1], "import_id": None, "dead_letter": None}]
    assert ("f-1", "assigned") == (code["holder"]["fan_id"], code["status"])
    assert ["reserved", "assigned"] == [event["what"] for event in code["events"]]
    assert [(history, None, None), (None, code, None), (None, None, request)] == [
        (answer["fan"], answer["code"], answer["request"]) for answer in searched
    ]
    assert [404, 400, 404, 404] == [status for status, _ in problems]
    assert "not_found" == problems[0][1]["error"]
    assert not any(value in text for text in (str(searched), written))
    assert "f-1" not in written


async def found(watcher: Watcher, path: str) -> Any:
    """What is answered with 200."""
    status, content = await watcher.get(path)
    assert 200 == status, (path, content)
    return content


async def test_the_inventory_works_without_its_database(sale: Sale, tmp_path: Path) -> None:
    """It starts, is ready and counts; only histories are unavailable, and few searches run at once."""
    more = {"CODES_INVENTORY__HISTORY_URI": NOBODY, "CODES_MONGO__TIMEOUT_MS": "2000"}
    async with watching(sale.environment, tmp_path / "inventory.log", **more) as watcher:
        async with asyncio.timeout(ANSWER_S):
            answers = await asyncio.gather(*(watcher.get("/api/v1/fans/f-1") for _ in range(3)))
        ready, _ = await watcher.role.get("/ready")
        counted = await count(watcher)

    assert [503] * 3 == [status for status, _ in answers]
    assert ["busy", "unavailable", "unavailable"] == sorted(problem["error"] for _, problem in answers)
    assert (200, 200) == (ready, counted)


async def count(watcher: Watcher) -> int:
    """The status of the campaigns' counts."""
    status, _ = await watcher.get("/api/campaigns")
    return status


async def test_people_act_on_imports_and_campaigns(sale: Sale, files: Files, tmp_path: Path) -> None:
    """Upload, report, close, reopen, retry, cancel, replay: as in the terminal; each leaves an audit record."""
    async with (
        running("importer", sale.environment, tmp_path / "importer.log", **SMALL) as importer,
        watching(sale.environment, tmp_path / "inventory.log", **acting_with(sale.environment, files)) as watcher,
    ):
        await importer.until_ready()
        actor = Actor(watcher)
        uploaded = await actor.upload("spring", SHORT)
        await check_upload(actor, sale, uploaded)
        await check_closing(actor, sale, uploaded)
        await check_cancelling(actor, sale, files)
        await check_replay(actor, sale)
        first = await found(watcher, "/api/v1/actions/records?limit=5")
        rest = await found(watcher, f"/api/v1/actions/records?limit=5&before={first['next']}")
        spring = await found(watcher, "/api/v1/actions/records?campaign_id=spring&action=close_campaign")
        listed = await Codes(sale.environment)("actions", "list", "--json")

    records = await sale.db["audit_records"].find().sort("at", 1).to_list(None)
    names = {uploaded: "first"}
    assert ACTIONS == tuple((record["action"], names.get(record["subject"], record["subject"])) for record in records)
    assert {"local"} == {record["by"] for record in records}
    assert "failed: there is no import none, and no command for it" == records[-2]["outcome"]
    assert "A-1" not in str(records)
    entries = [*first["items"], *rest["items"]]
    assert [record["_id"] for record in reversed(records)] == [entry["id"] for entry in entries]
    assert entries == [json.loads(line) for line in listed.out.splitlines()]
    check("codes actions list", listed.out.splitlines()[0])
    assert [("spring", "local")] == [(entry["campaign_id"], entry["by"]) for entry in spring["items"]]
    assert {"spring": 5, "sale": 1, None: 2} == Counter(entry["campaign_id"] for entry in entries)


async def check_upload(actor: Actor, sale: Sale, uploaded: str) -> None:
    """The file is imported, and its report downloaded."""
    end = await end_of(sale, uploaded)
    report = await actor.text(f"imports/{uploaded}/report", uploaded)

    assert ("completed", 2, 1, 1) == tuple(
        end[name] for name in ("state", "inserted", "duplicates_in_file", "rejected")
    )
    assert "line,reason\n5,bad_character\n" == report


async def check_closing(actor: Actor, sale: Sale, uploaded: str) -> None:
    """A closed campaign takes no import; the page can say who closed it."""
    await actor.does("campaigns/spring/close", "spring")
    status, standing = await actor.watcher.get("/api/v1/campaigns/spring/standing")
    retried = (await actor.does(f"imports/{uploaded}/retry", uploaded))["import_id"]
    end = await end_of(sale, retried)
    await actor.does("campaigns/spring/reopen", "spring")

    assert (200, "closed", "local") == (status, standing["state"], standing["closed_by"])
    assert (f"{uploaded}:2", "campaign_closed") == (retried, end["reason"])


async def check_cancelling(actor: Actor, sale: Sale, files: Files) -> None:
    """An import that runs stops; one that nobody sent is not found."""
    files.put("long.csv", LONG.encode())
    await sale.neighbour.send(IMPORT, files.command("long.csv", "i-long"))
    await until_rows(sale, "i-long")
    done = await actor.does("imports/i-long/cancel", "i-long")
    end = await end_of(sale, "i-long")
    missing, _ = await actor.watcher.post("/api/v1/imports/none/cancel", {"confirm": "none"})

    assert "stops at the end of the current chunk" in done["outcome"]
    assert ("failed", "cancelled") == (end["state"], end["reason"])
    assert 404 == missing


async def check_replay(actor: Actor, sale: Sale) -> None:
    """What the worker would reject again is not sent; a count changes nothing."""
    await sale.neighbour.send(RESERVE, b"{")
    await sale.neighbour.records(DEAD_LETTERS, 1)
    counted = await actor.does("dead-letters/not_json/replay", "not_json")
    replayed = await actor.does("dead-letters/not_json/replay", "not_json", send=True)

    assert (1, 0, 1, None) == tuple(counted[name] for name in ("selected", "would_send", "left_out", "audit_id"))
    assert (1, 0, 1) == tuple(replayed[name] for name in ("selected", "sent", "left_out"))
