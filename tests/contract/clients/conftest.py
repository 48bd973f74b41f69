"""Claims on the simulated clients and servers, and on the real ones.

SecantusDB keeps fewer promises than a mongod: claims that it does not keep are tested where the stack has a mongod.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from devstack import Stack
from devstack.engines import find_engine
from devstack.errors import StackError
from ops.settings.load import Settings, load_settings
from tests.contract.clients import mongo_benches, s3_benches
from tests.contract.clients.kafka_bench import RunOnKafka, run_real, run_simulated
from tests.stacks import CONTAINERS, source

Run = Callable[[mongo_benches.Claim], None]


def has_mongod() -> bool:
    """Whether the stack's database is a mongod."""
    if source() == CONTAINERS:
        return True
    try:
        return find_engine().engine == "mongod"
    except StackError:
        return False


REAL: Final = pytest.param("real", marks=pytest.mark.integration)
MONGOD: Final = [REAL] if has_mongod() else []


@pytest.fixture(params=["simulated", REAL])
def run_on_kafka(request: pytest.FixtureRequest) -> RunOnKafka:
    """Runs a claim on the simulated Kafka, and on a real one."""
    if request.param == "simulated":
        return run_simulated
    stack: Stack = request.getfixturevalue("stack")
    return partial(run_real, servers=stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"])


@pytest.fixture(params=["simulated", REAL])
def on_mongo(request: pytest.FixtureRequest) -> Run:
    """Runs a claim on the simulated MongoDB, and on the stack's database."""
    return runner(request)


@pytest.fixture(params=["simulated", *MONGOD])
def on_mongod(request: pytest.FixtureRequest) -> Run:
    """The same, on the stack's database if it is a mongod."""
    return runner(request)


@pytest.fixture(params=["simulated", REAL])
def on_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[s3_benches.Claim], None]:
    """Runs a claim on the simulated S3, and on moto's."""
    if request.param == "simulated":
        return s3_benches.on_simulated_s3
    environment = environment_of(request)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.get(name, "made-up"))
    settings: Settings = load_settings({**environment, "CODES_S3__TIMEOUT_MS": s3_benches.TIMEOUT_MS})
    return partial(s3_benches.on_real_s3, settings=settings)


def runner(request: pytest.FixtureRequest) -> Run:
    """Runs a claim on what the parameter names."""
    if request.param == "simulated":
        return mongo_benches.on_simulated
    settings = load_settings({**environment_of(request), "CODES_MONGO__TIMEOUT_MS": mongo_benches.TIMEOUT_MS})
    return partial(mongo_benches.on_real, settings=settings)


def environment_of(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The variables of this test; the stack starts when the first test needs it."""
    environment: dict[str, Any] = request.getfixturevalue("environment")
    return environment
