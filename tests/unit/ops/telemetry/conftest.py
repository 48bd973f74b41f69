"""An observer with a registry of its own, at a fixed time."""

import pytest

from ops.telemetry.collectors import ProgressCollector
from ops.telemetry.health import Health
from ops.telemetry.observer import OpsObserver
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics


@pytest.fixture
def metrics() -> Metrics:
    """A registry of its own."""
    return Metrics()


@pytest.fixture
def health() -> Health:
    """A process that has started."""
    health = Health(consumes=True)
    health.started()
    return health


@pytest.fixture
def observer(metrics: Metrics, health: Health) -> OpsObserver:
    """At a fixed time."""
    progress = Progress(lambda: 1000.0)
    metrics.compute(ProgressCollector(progress))
    return OpsObserver(metrics, health, progress)
