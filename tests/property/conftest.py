"""How long the machines look: `HYPOTHESIS_PROFILE=long` for a night, `ci` (always the same histories) otherwise."""

import os
from collections.abc import Iterator

import pytest
import stamina
from hypothesis import HealthCheck, settings

COMMON = settings(
    deadline=None,  # the machine under the tests is shared; a time limit per test watches the whole
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("ci", COMMON, max_examples=400, stateful_step_count=50, derandomize=True)
settings.register_profile("long", COMMON, max_examples=5_000, stateful_step_count=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def no_word_of_retries() -> Iterator[None]:
    """A machine arranges thousands of them; nobody wants to read that."""
    stamina.instrumentation.set_on_retry_hooks([])
    yield
    stamina.instrumentation.set_on_retry_hooks(None)
