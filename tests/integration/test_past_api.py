"""Histories over HTTP: the same as in the terminal, never a code's value, and nothing else depends on MongoDB."""

import asyncio
from pathlib import Path

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
    code_path = f"/api/v1/codes/{reserved['code_ids'][0]}"
    uri = {"CODES_INVENTORY__HISTORY_URI": sale.environment["CODES_MONGO__URI"]}
    async with watching(sale.environment, tmp_path / "inventory.log", **uri) as watcher:
        status, history = await watcher.get("/api/v1/fans/f-1")
        code_status, code = await watcher.get(code_path)
        request_status, request = await watcher.get("/api/v1/requests/r-1")
        _, by_fan = await watcher.get("/api/search?q=f-1")
        _, by_request = await watcher.get("/api/search?q=r-1")
        elsewhere = await watcher.get("/api/v1/fans/f-1?campaign_id=summer")
        wrong = ("/api/v1/fans/f-1?campain=a", "/api/v1/codes/none", "/api/v1/requests/none")
        statuses = [(await watcher.get(path))[0] for path in wrong]
        written = watcher.role.log.read_text()

    shown = (await Codes(sale.environment)("show", "fan", "f-1", "--json")).json
    [value] = await sale.assigned_codes()
    assert (200, shown) == (status, history)
    assert (200, "f-1", "assigned") == (code_status, code["holder"]["fan_id"], code["status"])
    assert ["reserved", "assigned"] == [event["what"] for event in code["events"]]
    assert (404, "not_found") == (elsewhere[0], elsewhere[1]["error"])
    assert [400, 404, 404] == statuses
    shown_request = (await Codes(sale.environment)("show", "request", "r-1", "--json")).json
    assert (200, {**shown_request, "import_id": None, "dead_letter": None}) == (request_status, request)
    assert (None, None, history, {}) == tuple(by_fan[kind] for kind in ("request", "code", "fan", "unanswered"))
    assert (request, None, None, {}) == tuple(by_request[kind] for kind in ("request", "code", "fan", "unanswered"))
    assert not any(value in text for text in (str(history), str(code), str(request), written))
    assert "f-1" not in written


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
