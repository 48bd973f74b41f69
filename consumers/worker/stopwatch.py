"""How long each step of a batch takes, and its span.

In:   a tracer; the steps as they are done.
Out:  seconds by step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from consumers.loop.tracing import Tracer
from schemas.observation.requests import Step


@dataclass(slots=True)
class Stopwatch:
    """Seconds by step."""

    tracer: Tracer
    seconds: dict[Step, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        """Add what happens inside to a step."""
        start = perf_counter()
        try:
            with self.tracer.step(name):
                yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start
