"""Claims on the simulated clients and servers, and on the real ones."""

from collections.abc import Callable
from functools import partial

import pytest

from devstack import Stack
from ops.settings.load import Settings, load_settings
from tests.contract.clients import mongo_benches, s3_benches
from tests.contract.clients.kafka_bench import RunOnKafka, run_real, run_simulated
from tests.contract.clients.mongo_benches import TIMEOUT_MS, Claim

Run = Callable[[Claim], None]


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.integration)])
def run_on_kafka(request: pytest.FixtureRequest) -> RunOnKafka:
    """Runs a claim on the simulated Kafka, and on a real one."""
    if request.param == "simulated":
        return run_simulated
    stack: Stack = request.getfixturevalue("stack")
    return partial(run_real, servers=stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"])


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.integration)])
def on_mongo(request: pytest.FixtureRequest) -> Run:
    """Runs a claim on the simulated MongoDB, and on a real one."""
    if request.param == "simulated":
        return mongo_benches.on_simulated
    environment: dict[str, str] = request.getfixturevalue("environment")
    settings: Settings = load_settings({**environment, "CODES_MONGO__TIMEOUT_MS": TIMEOUT_MS})
    return partial(mongo_benches.on_real, settings=settings)


@pytest.fixture
def on_simulated_mongo() -> Run:
    """Runs a claim on the simulated MongoDB alone: what it needs would take a real one's life."""
    return mongo_benches.on_simulated


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.integration)])
def on_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[s3_benches.Claim], None]:
    """Runs a claim on the simulated S3, and on moto's."""
    if request.param == "simulated":
        return s3_benches.on_simulated_s3
    environment: dict[str, str] = request.getfixturevalue("environment")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.get(name, "made-up"))
    settings: Settings = load_settings({**environment, "CODES_S3__TIMEOUT_MS": s3_benches.TIMEOUT_MS})
    return partial(s3_benches.on_real_s3, settings=settings)
