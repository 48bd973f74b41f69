"""Counters of other processes, read around a run: the worker's metrics, and a router's transactions.

In:   the start of a run; its end, while its processes still run.
Out:  figures for `Run.extra`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import aiohttp

from benchmarks.reference.model import connect
from ops.settings.load import Settings

PER: Final = 1_000
METRICS: Final = {"conflicts_per_1000": "codes_conflicts_total", "retries_per_1000": "codes_waits_total"}
BATCHES: Final = "codes_batch_records_count"


class Probe(Protocol):
    """Who reads more figures of a run."""

    async def start(self) -> None:
        """Before the measured processes start."""

    async def figures(self, requests: int) -> Mapping[str, float]:
        """When all requests are answered."""


@dataclass(frozen=True, slots=True)
class WorkerMetrics:
    """The metrics of one worker; they begin with its process."""

    port: int
    """Its ops port."""

    async def start(self) -> None:
        """Nothing is counted before."""

    async def figures(self, requests: int) -> Mapping[str, float]:
        """Conflicts and retries for 1,000 requests, and requests of a batch."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/metrics") as answer:
            text = await answer.text()
        rates = {name: PER * total(text, metric) / requests for name, metric in METRICS.items()}
        return {**rates, "requests_per_batch": requests / max(1.0, total(text, BATCHES))}


def total(text: str, metric: str) -> float:
    """The sum of a metric over its labels."""
    lines = [line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] == metric]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


class Counters(NamedTuple):
    """What a router has counted since its start."""

    commits: int
    participants: int


NONE: Final = Counters(0, 0)


@dataclass(slots=True)
class Router:
    """The shards that take part in the transactions of a router; nothing on a database without shards."""

    settings: Settings
    before: Counters = NONE

    async def start(self) -> None:
        """Leave out what was committed before."""
        self.before = await self.counters()

    async def figures(self, requests: int) -> Mapping[str, float]:  # noqa: ARG002  # as the protocol has it
        """Shards of a transaction."""
        now = await self.counters()
        commits = now.commits - self.before.commits
        return {"shards_per_batch": (now.participants - self.before.participants) / commits} if commits else {}

    async def counters(self) -> Counters:
        """The router's counters; zero on a database without shards."""
        client = connect(self.settings)
        status: Mapping[str, Any] = await client.admin.command("serverStatus")
        client.close()
        return counted(status.get("transactions", {}))


def counted(transactions: Mapping[str, Any]) -> Counters:
    """Commits of all types, and the shards that took part in them."""
    if "totalParticipantsAtCommit" not in transactions:
        return NONE
    commits = sum(int(kind["successful"]) for kind in transactions["commitTypes"].values())
    return Counters(commits, int(transactions["totalParticipantsAtCommit"]))
