"""One importer process with a long import: what else it has to do goes on meanwhile."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.topics import IMPORT, IMPORTS
from stores.mongo.connection import Database
from tests.integration.freezing import frozen
from tests.integration.importing import Files, check_books, counts, ends, some_files
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration

CHUNKS_OF_THE_LONG_ONE = 24
SMALL_ROWS = 400
PATIENCE_S = 120.0
LONG_S = 5.0
"""Longer than two session time-outs."""


@pytest.fixture
def files(environment: dict[str, str]) -> Iterator[Files]:
    """A bucket of this test's own."""
    with some_files(environment) as files:
        yield files


def rows(prefix: str, count: int) -> bytes:
    """So many codes."""
    return "\n".join(f"{prefix}-{number:07}" for number in range(count)).encode()


def rows_per_chunk(environment: Mapping[str, str]) -> int:
    """As the local stack sets it for its engine, or the default."""
    return int(environment.get("CODES_IMPORTER__ROWS_PER_CHUNK_MAX", "5000"))


async def samples(role: Role) -> dict[tuple[str, tuple[str, ...]], float]:
    """What a role measures now, by name and label values."""
    _, text = await role.get("/metrics")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def until_rows(neighbour: Neighbour, import_id: str) -> None:
    """Wait until an import has published its first rows."""
    seen = 0
    while True:
        events = await neighbour.values(IMPORTS, seen + 1)
        if any(event["import_id"] == import_id and event["rows_read"] for event in events):
            return
        seen = len(events)


@pytest.mark.thorough
async def test_a_small_import_does_not_wait_for_a_long_one_on_another_partition(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """It ends while the long one is under way."""
    total = CHUNKS_OF_THE_LONG_ONE * rows_per_chunk(environment)
    files.put("long.csv", rows("LONG", total))
    files.put("small.csv", rows("SMALL", SMALL_ROWS))
    often = {"CODES_IMPORTER__PROGRESS_EVERY_S": "0.1"}
    async with running("importer", environment, tmp_path / "importer.log", **often) as role:
        await role.until_ready()
        await neighbour.send(IMPORT, files.command("long.csv", "long"), partition=0)
        await until_rows(neighbour, "long")
        await neighbour.send(IMPORT, files.command("small.csv", "small", campaign_id="other"), partition=1)

        first, second = await ends(neighbour, 2, timeout_s=PATIENCE_S)

    assert ["small", "long"] == [first["import_id"], second["import_id"]]
    assert {"rows_read": SMALL_ROWS, "inserted": SMALL_ROWS} == counts(first)
    assert {"rows_read": total, "inserted": total} == counts(second)
    await check_books(neighbour, db)


@pytest.mark.thorough
async def test_heartbeats_go_on_during_the_longest_chunk(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """A chunk that takes longer than the session time-out costs no rebalance, and nobody is fenced.

    The database is frozen for that long in the midst of an import; the driver waits.
    """
    total = CHUNKS_OF_THE_LONG_ONE // 4 * rows_per_chunk(environment)
    files.put("long.csv", rows("LONG", total))
    patient = {"CODES_MONGO__TIMEOUT_MS": "60000", "CODES_IMPORTER__PROGRESS_EVERY_S": "0.1"}
    async with running("importer", environment, tmp_path / "importer.log", **patient) as role:
        await role.until_ready()
        await neighbour.send(IMPORT, files.command("long.csv"), partition=0)
        await until_rows(neighbour, "i1")
        async with frozen("database"):
            await asyncio.sleep(LONG_S)

        [end] = await ends(neighbour, 1, timeout_s=PATIENCE_S)
        measured = await samples(role)

    assert {"rows_read": total, "inserted": total} == counts(end)
    assert 1 == measured["codes_rebalances_total", ()]
    assert 0 == sum(value for (name, _), value in measured.items() if name == "codes_fenced_total")
