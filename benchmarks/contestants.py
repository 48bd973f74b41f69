"""Systems that serve loads, each in a scene of its own that all rounds use.

In:       a stage, a system, the numbers of partitions, and the codes that its rounds will take.
Out:      a `Run` for each load.
Promise:  the service's codes come from an importer, all others' from the reference model. A load that moves
          reservations finds them held.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from benchmarks.cpu import sampled
from benchmarks.figures import SYSTEM, Run, run_of
from benchmarks.filling import fill
from benchmarks.load import CAMPAIGN, TOPICS, Load, before, codes_taken
from benchmarks.probes import Probe
from benchmarks.processes import running
from benchmarks.reference.fill import fill_codes, fill_holds, fill_shards
from benchmarks.scene import Scene, clear, empty_scene
from benchmarks.stage import Stage
from benchmarks.traffic import Answers, answers, results, send

WORKER: Final = "worker"
LIMIT: Final = "limit"
PER_MESSAGE: Final = "per_message"
SPARE: Final = 1.1
"""Codes of a stock for each that is taken from it, so that none runs out."""
PEERS: Final = ("faststream", "faust")


@dataclass(slots=True)
class Contestant:
    """A system in its scene."""

    system: str
    stage: Stage
    scene: Scene
    stocks: Mapping[str, int]
    processes: int = 1
    taken: int = 0
    """Codes that former loads took."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for its processes, in addition to the scene's."""
    probe: Probe | None = None
    """Reads more figures of its runs."""

    async def run(self, load: Load) -> Run:
        """Serve a load; only its own requests are measured.

        Raises:
            RuntimeError: a request was refused, so the rate would be that of refusals.
        """
        await self.prepare(load)
        await send(self.scene, load)
        found = await self.serve(load)
        if found.refused:
            raise RuntimeError(f"{self.system} refused {found.refused} of {found.requests} requests")
        return found

    async def prepare(self, load: Load) -> None:
        """Hold what the load moves."""
        held = before(load)
        if self.system != WORKER:
            await fill_shards(self.scene.settings, load)
        if held is not None and self.system == WORKER:
            await send(self.scene, held)
            await self.serve(held)
        elif held is not None:
            await fill_holds(self.scene.settings, held)

    async def serve(self, load: Load) -> Run:
        """Start the system, and wait until all requests that were sent are answered."""
        arguments = self.arguments(load)
        if self.probe is not None:
            await self.probe.start()
        async with results(self.scene) as reader, AsyncExitStack() as stack:
            processes = [
                await stack.enter_async_context(running(self.system, self.variables, *arguments))
                for _ in range(self.processes)
            ]
            pids = {SYSTEM: [process.pid for process in processes], **self.stage.pids}
            async with sampled(pids) as samples:
                found: Answers = await answers(reader, load.count, processes)
            extra = {} if self.probe is None else await self.probe.figures(load.count)
        self.taken += codes_taken(load)
        return replace(run_of(found.times_ms, found.refused, samples), extra=extra)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment of its processes."""
        return {**self.scene.environment, **self.environment}

    def arguments(self, load: Load) -> Sequence[str]:
        """Command-line arguments; only the limit must know what it will be asked."""
        if self.system != LIMIT:
            return ()
        stock = self.stocks.get(load.campaigns[0], 0)
        return (orjson.dumps(load).decode(), str(stock), str(self.taken))


@asynccontextmanager
async def contestant(
    system: str,
    stage: Stage,
    *,
    partitions: int,
    stocks: Mapping[str, int],
    processes: int = 1,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Contestant]:
    """A system with its scene and its codes; the scene is removed at the end."""
    scene = await empty_scene(stage.environment, partitions=dict.fromkeys(TOPICS.values(), partitions))
    try:
        if system == WORKER:
            await fill(scene, stocks)
        else:
            await fill_codes(scene.settings, stocks)
        yield Contestant(system, stage, scene, stocks, processes, environment=environment or {})
    finally:
        await clear(scene)


def one_campaign(load: Load, rounds: int, system: str = WORKER) -> dict[str, int]:
    """A stock from which all rounds of a load can be served; of the worker, also what the load needs before."""
    held = before(load) if system == WORKER else None
    codes = codes_taken(load) + (codes_taken(held) if held else 0)
    return {CAMPAIGN: max(1, int(rounds * codes * SPARE))}
