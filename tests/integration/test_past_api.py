"""Histories over HTTP: the same as in the terminal, never a code's value, and nothing else depends on MongoDB."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, RESERVE, RESULTS
from tests.integration.commanding import Codes
from tests.integration.neighbouring import Sale
from tests.integration.watching import Watcher, watching

pytestmark = pytest.mark.integration

NOBODY = "mongodb://127.0.0.1:1/?replicaSet=rs0"
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
