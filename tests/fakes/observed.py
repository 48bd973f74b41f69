"""A batch as the loops observe it, and the value of one sample."""

from ops.telemetry.registry import Metrics
from schemas.observation.requests import (
    BatchReport,
)

TOPIC = "codes.reserve.requests.v1"
A_REPORT = BatchReport(
    topic=TOPIC,
    partition=0,
    first_offset=10,
    last_offset=16,
    outcomes={"reserved": 3, "refused": 2},
    refusals={"out_of_stock": 1, "invalid_request": 1},
    rejections={"invalid": 1, "not_json": 1},
    repeats=2,
    replies_refused=1,
    seconds={"apply": 0.03},
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample, None if there is none."""
    found: float | None = metrics.registry.get_sample_value(name, labels)
    return found
