"""Counters of other processes, read at the end of a run: the worker's metrics, and a router's transactions.

In:   a run that has just been answered, while its processes still run.
Out:  figures for `Run.extra`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import aiohttp

from benchmarks.reference.model import connect
from ops.settings.load import Settings

Probe = Callable[[int], Awaitable[Mapping[str, float]]]
"""Takes the number of requests of the run."""

PER: Final = 1_000


class Counters(NamedTuple):
    """What a router has counted since its start."""

    commits: int
    participants: int


NONE: Final = Counters(0, 0)


METRICS: Final = {"conflicts_per_1000": "codes_conflicts_total", "retries_per_1000": "codes_waits_total"}
BATCHES: Final = "codes_batch_records_count"


def worker_metrics(port: int) -> Probe:
    """Conflicts and retries for 1,000 requests, and requests of a batch, of a worker with this ops port."""

    async def probe(requests: int) -> Mapping[str, float]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
        rates = {name: round(PER * total(text, metric) / requests, 2) for name, metric in METRICS.items()}
        return {**rates, "requests_per_batch": round(requests / max(1.0, total(text, BATCHES)))}

    return probe


def total(text: str, metric: str) -> float:
    """The sum of a metric over its labels."""
    lines = [line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] == metric]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@dataclass(slots=True)
class Router:
    """Counts the shards that take part in the transactions of a router; nothing on a database without shards."""

    settings: Settings
    before: Counters = NONE

    async def probe(self, _requests: int) -> Mapping[str, float]:
        """Shards of a transaction, since the last call."""
        now = await self.counters()
        commits = now.commits - self.before.commits
        shards = now.participants - self.before.participants
        self.before = now
        return {"shards_per_batch": round(shards / commits, 2)} if commits else {}

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
