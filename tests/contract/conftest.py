"""Every backend of the port `CodeStore`: in memory, where the property tests run, and on the real database."""

from collections.abc import AsyncIterator

import pytest

from ops.settings.load import Settings
from tests.contract.benches import MemoryBench, StoreBench, mongo_bench


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
def mongo_settings(request: pytest.FixtureRequest) -> Settings | None:
    """None: in memory. Synchronous, because the stack may have to start."""
    settings: Settings | None = request.getfixturevalue("settings") if request.param == "mongo" else None
    return settings


@pytest.fixture
async def bench(mongo_settings: Settings | None) -> AsyncIterator[StoreBench]:
    """An empty database."""
    if mongo_settings is None:
        yield MemoryBench()
        return
    async with mongo_bench(mongo_settings) as bench:
        yield bench
