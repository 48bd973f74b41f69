"""For any requests in any order, with any fault: no code is lost, and none is held by two fans."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

from tests.property.machine import Histories

COMMON: Final = settings(
    deadline=None,  # the machine may be loaded; the time limit of the test applies
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
PROFILES: Final = {
    "ci": settings(COMMON, max_examples=120, stateful_step_count=50, derandomize=True),
    "long": settings(COMMON, max_examples=5_000, stateful_step_count=100),
}
"""`HYPOTHESIS_PROFILE=long` with `--timeout=0` runs for a night; `ci` always runs the same histories."""

TestHistories = Histories.TestCase
TestHistories.settings = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "ci")]
