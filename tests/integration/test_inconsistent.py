"""A reservation whose code was deleted by hand, on a running worker: it is reported, and no other request waits."""

from pathlib import Path

import pytest

from schemas.topics import ASSIGN, DEAD_LETTERS, RELEASE, RESERVE, RESULTS, TopicSpec
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running
from tests.integration.scraping import until_scraped

pytestmark = pytest.mark.integration

HOLDS = 20
BROKEN = "r-7"


@pytest.mark.parametrize("topic", [ASSIGN, RELEASE], ids=lambda topic: topic.name)
async def test_a_missing_code_holds_up_nobody(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
    topic: TopicSpec,
) -> None:
    """All that wait with it in one partition are served; it is a dead letter, a log line and a count."""
    await stocked("sale", 2 * HOLDS)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        for number in range(HOLDS):
            await neighbour.send(RESERVE, reserve(f"r-{number}", fan_id="fan"), partition=0)
        await neighbour.records(RESULTS, HOLDS)
        held = await db["reservations"].find_one({"_id": BROKEN})
        assert held is not None
        await db["codes"].delete_one({"_id": held["code_ids"][0]})
        for number in range(HOLDS):
            await neighbour.send(
                topic, reserve(f"x-{number}", fan_id="fan", reservation_id=f"r-{number}"), partition=0
            )
        results = (await neighbour.values(RESULTS, 2 * HOLDS))[HOLDS:]
        [letter] = await neighbour.records(DEAD_LETTERS, 1)
        await until_scraped(worker, "the count", lambda seen: seen.value("codes_inconsistent_requests_total") == 1.0)
        [line] = worker.logged("inconsistent")

    refused = [(result["request_id"], result["reason"]) for result in results if result["outcome"] == "refused"]
    assert ([("x-7", "invalid_request")], HOLDS) == (refused, len(results))
    headers = dict(letter.headers)
    assert (b"unprocessable", b"code_ids: 1 of 1 missing") == (headers["dlq-reason"], headers["dlq-detail"])
    assert (BROKEN, "x-7", "code_ids: 1 of 1 missing") == (line["reservation_id"], line["request_id"], line["reason"])
