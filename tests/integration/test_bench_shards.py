"""The benchmark of a sharded database in short; left out where there is no `mongos`."""

from pathlib import Path

import pytest

import devstack
from tests.integration.test_bench import REQUESTS, figures

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(300)]


async def test_the_shards_of_a_batch_are_counted_by_the_router(stack: devstack.Stack, tmp_path: Path) -> None:
    """A batch touches one shard at least, and no more than there are."""
    found = await figures(tmp_path / "figures.json", "--work", "shards", *REQUESTS, "--variants", "2")

    [row] = found["rows"]
    assert "2 shards" == row["variant"]
    assert 1 <= row["shards_per_batch"] <= 2
