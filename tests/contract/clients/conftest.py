"""Where a claim about a client and its server runs: `run_on_kafka` has the simulated broker and the real one."""

from functools import partial

import pytest

from devstack import Stack
from tests.contract.clients.kafka_bench import RunOnKafka, run_real, run_simulated


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.integration)])
def run_on_kafka(request: pytest.FixtureRequest) -> RunOnKafka:
    """Runs a claim."""
    if request.param == "simulated":
        return run_simulated
    stack: Stack = request.getfixturevalue("stack")
    return partial(run_real, servers=stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"])
