"""What Prometheus sees of a role.

Out: `Scrape` (samples by name and labels), `scraped`, and waiting until a scrape shows something.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.running import Role

UNTIL_S = 30.0


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer of `/metrics`."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float | None:
        """One sample, None if there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    def places(self, name: str) -> dict[tuple[str, int], float]:
        """The samples of a metric by topic and partition."""
        found = {frozenset(labels): value for (sample, labels), value in self.samples.items() if sample == name}
        return {(dict(labels)["topic"], int(dict(labels)["partition"])): value for labels, value in found.items()}

    def total(self, name: str) -> float:
        """A metric's sum over all labels."""
        return sum(value for (sample, _), value in self.samples.items() if sample == name)


def parsed(text: str) -> Scrape:
    """The samples of a body."""
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


async def scraped(role: Role) -> Scrape:
    """Scrape the role now."""
    status, body = await role.get("/metrics")
    assert 200 == status
    return parsed(body)


async def until_scraped(role: Role, what: str, condition: Callable[[Scrape], bool]) -> Scrape:
    """Scrape until a scrape meets the condition; gives that scrape."""
    end = time.monotonic() + UNTIL_S
    while not condition(found := await scraped(role)):
        if time.monotonic() > end:
            shown = {name: found.places(name) for name, _ in found.samples if name.startswith("codes_consumer_")}
            pytest.fail(f"{role.name} never showed {what}: {shown}")
        await asyncio.sleep(0.1)
    return found
