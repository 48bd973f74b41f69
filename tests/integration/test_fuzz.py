"""A worker and generated records of every kind, in batches of every codec and batches that nobody can read.

`make fuzz` sends ten times as many.
"""

import time
from pathlib import Path
from typing import Final

import pytest

from ops.settings.load import Settings
from schemas.topics import DEAD_LETTERS, RESULTS
from tests.fakes.fuzz_records import KINDS, a_fuzzed_record
from tests.fakes.fuzz_seed import TIMES, seeded
from tests.fakes.fuzz_values import CAMPAIGN
from tests.fakes.rejections import CANARY
from tests.integration.conftest import PutCodes
from tests.integration.fuzz_expected import BETWEEN
from tests.integration.fuzz_sending import CHANGES, send_all
from tests.integration.hurting import look
from tests.integration.running import Neighbour, Role, running

RECORDS: Final = 1_000 * TIMES
WAIT_S: Final = 60 + 30 * TIMES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120 + 90 * TIMES)]


async def test_good_requests_among_generated_records_are_answered(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Each good one once; each bad one is one dead letter with its bytes; no value is in the log or the metrics."""
    random = seeded()
    await stocked("sale", RECORDS)
    await stocked(CAMPAIGN, RECORDS)
    records = [a_fuzzed_record(random, number) for number in range(RECORDS)]
    expected = await send_all(
        migrated.kafka.bootstrap_servers, migrated.topics.prefix, records, random, broken_times=TIMES
    )
    assert {*KINDS, *CHANGES, BETWEEN} == set(expected.kinds)
    began = time.monotonic()
    async with running("worker", environment, tmp_path / "worker.log", CODES_LOG__LEVEL="DEBUG") as worker:
        letters = await neighbour.records(DEAD_LETTERS, len(expected.letters), timeout_s=WAIT_S)
        await neighbour.records(RESULTS, expected.results.total(), timeout_s=WAIT_S)
        took_s = time.monotonic() - began
        letters = await neighbour.records(DEAD_LETTERS, len(expected.letters), settle_s=1.0)
        await check_unharmed(worker)
    expected.check_letters(letters, migrated.topics.prefix)
    expected.check_results(await neighbour.values(RESULTS, 0))
    assert 0 == (await look(migrated)).drift
    print(f"{expected.kinds.total()} records and batches, {len(letters)} dead letters, {took_s:.1f} s")  # noqa: T201  # `make fuzz` shows it


async def check_unharmed(worker: Role) -> None:
    """The same process, with the same partitions, and nothing of a record in its log and metrics."""
    status, metrics = await worker.get("/metrics")
    assert (200, None) == (status, worker.process.returncode)
    assert (1, 1) == (len(worker.logged("started")), len(worker.logged("assigned")))
    assert set() == {line["event"] for line in worker.events() if line["level"] in {"error", "critical"}}
    assert CANARY not in metrics
    assert CANARY not in worker.log.read_text()
