"""Batches whose bytes have changed on the broker's disk: the checksum is wrong, and stays so."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.settings.load import Settings
from schemas.topics import ASSIGN, DEAD_LETTERS, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.fakes.stocking import put_holds
from tests.integration.commanding import Codes
from tests.integration.compressing import by_aiokafka
from tests.integration.conftest import PutCodes
from tests.integration.corrupting import corrupt_log
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


def a_request(name: str) -> dict[str, Any]:
    return {"request_id": name, "campaign_id": "sale", "fan_id": f"fan-{name}"}


async def test_a_worker_steps_over_one_and_says_so(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """What stands before and behind it is answered; one dead letter has its range; the audit calls nothing lost."""
    await stocked("sale", 10)
    topic = neighbour.topics.full(RESERVE)
    await neighbour.send(RESERVE, a_request("before"), partition=0)
    await by_aiokafka(
        migrated.kafka.bootstrap_servers, topic, "gzip", [json.dumps(a_request(f"b{n}")) for n in range(3)]
    )
    await neighbour.send(RESERVE, a_request("after"), partition=0)
    corrupt_log(topic, 1)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        results = await neighbour.values(RESULTS, 2, timeout_s=60)
        [letter] = await neighbour.records(DEAD_LETTERS, 1, settle_s=1.0)
        _, metrics = await worker.get("/metrics")
    audited = await Codes(environment)("audit")

    assert ["before", "after"] == [result["request_id"] for result in results]
    said = dict(letter.headers)
    assert (b"unprocessable", b"1") == (said["dlq-reason"], said["dlq-offset"])
    assert b"offsets 1 to 3 cannot be read: unknown codec, WrongChecksum" == said["dlq-detail"]
    assert 'reason="unprocessable"' in metrics
    assert "codes: lost" not in audited.out + audited.err


async def test_one_among_the_assigns_does_not_stop_expiries(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """Holds that ended before the assigns behind the batch are requested, although no worker runs."""
    await put_holds(db, "sale", 3, datetime.now(UTC) - timedelta(hours=1))
    topic = neighbour.topics.full(ASSIGN)
    await by_aiokafka(migrated.kafka.bootstrap_servers, topic, "zstd", [json.dumps(a_request("broken")) * 20])
    await neighbour.send(ASSIGN, a_request("after"), partition=0)
    corrupt_log(topic, 0)
    async with running("expirer", environment, tmp_path / "expirer.log"):
        asked = await neighbour.values(RELEASE, 3, timeout_s=60)

    assert {"sale-0", "sale-1", "sale-2"} == {release["reservation_id"] for release in asked}
