"""One storm: roles, clients and faults on a stack, then quiet, then the check.

In:       options, a stack, a folder for logs.
Out:      `Outcome`.
Promise:  no process of a role outlives it, nothing is frozen, and the stack runs at the end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import devstack
from ops.broker.migrate import migrate
from ops.settings.load import Settings, load_settings
from schemas.topics import ALL_TOPICS
from stores.mongo.connection import Database, connect, database
from tests.chaos.answers import Answers
from tests.chaos.chunks import ChunkMoves, not_spread
from tests.chaos.collecting import Acknowledged, differing_reads, history_of, lost_requests
from tests.chaos.crew import CREW, Crew
from tests.chaos.environment import environment_of, journal_in
from tests.chaos.faults import Faults, s3_carriers
from tests.chaos.files import CodeFile
from tests.chaos.journal import Journal
from tests.chaos.kinds import kinds_for
from tests.chaos.load import Load
from tests.chaos.node_faults import NodeFaults
from tests.chaos.nodes import Nodes
from tests.chaos.options import Options
from tests.chaos.outcome import Outcome, leaks
from tests.chaos.pace import Pace
from tests.chaos.quiet import until_quiet
from tests.chaos.reader import Reader, reading
from tests.chaos.role_faults import RoleFaults
from tests.chaos.schedule import Fault, faults
from tests.chaos.senders import sending
from tests.chaos.views import differing_views
from tests.checking.answers import match_answers
from tests.checking.check import check
from tests.checking.evidence import evidence_of
from tests.checking.history import History
from tests.checking.violation import Violation
from tests.fakes.proxy import proxied
from tests.integration.importing import Files, some_files

TOPICS: Final = [spec.name for spec in ALL_TOPICS]


async def storm(options: Options, stack: devstack.Stack, folder: Path) -> Outcome:
    """Run a storm on this stack; its logs are kept in the folder."""
    environment = environment_of(stack, options)
    with journal_in(folder) as journal, some_files(environment) as files:
        journal.note("options", options=str(options), environment=environment)
        async with proxied(environment["CODES_S3__ENDPOINT_URL"]) as (s3, url):
            crew = Crew({**environment, "CODES_S3__ENDPOINT_URL": url}, journal)
            node_faults = NodeFaults(Nodes(stack.folder, journal), load_settings(environment))
            role_faults = RoleFaults(crew, journal, options.seed)
            moves = ChunkMoves(load_settings(environment), journal)
            carriers = {
                **role_faults.carriers(), **s3_carriers(s3), **node_faults.carriers(), **moves.carriers(),
            }  # fmt: skip
            weather = Faults(carriers, journal)
            schedule = faults(options.seed, kinds_for(options, stack.database))
            try:
                return await Storm(options, environment, crew, weather, schedule, journal).run(files)
            finally:
                await crew.kill_all()


class Storm:
    """Lives as long as a run."""

    def __init__(
        self,
        options: Options,
        environment: Mapping[str, str],
        crew: Crew,
        weather: Faults,
        schedule: Iterator[Fault],
        journal: Journal,
    ) -> None:
        self._options, self._environment = options, environment
        self._crew, self._weather, self._schedule = crew, weather, schedule
        self._settings, self._journal = load_settings(environment), journal
        self._answers = Answers()
        self._pace = Pace(options, self._answers, journal)
        self._is_sharded = options.database_shards > 0
        self._servers, self._prefix = self._settings.kafka.bootstrap_servers, self._settings.topics.prefix

    async def run(self, files: Files) -> Outcome:
        """Faults and requests, quiet, and the check of what is left."""
        await migrate(self._settings, shard=self._is_sharded)
        reader = Reader(self._servers, self._prefix, TOPICS, self._journal, self._answers.take)
        async with database_of(self._settings) as db:
            async with reading(reader):
                for kind in CREW:
                    self._crew.add(kind)
                acknowledged = await self._blow(files)
                found = await self._calm_down(db, reader)
                await self._crew.stop_all()
            history = await history_of(self._settings, db, reader, files, **self._times())
        found += [*self._crew.problems, *lost_requests(acknowledged, history.inputs)]
        return await asyncio.to_thread(self._outcome, history, found)

    async def _blow(self, files: Files) -> Acknowledged:
        """Send requests and carry faults out, until there were enough of both."""
        load = Load(self._options.seed, self._answers, put_into(files), files.bucket)
        async with sending(self._servers, self._prefix, self._answers, self._journal) as senders:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._weather.run(self._schedule, self._has_faults_to_come))
                tasks.create_task(self._pace.send(load, senders, self._has_more_to_come))
            await self._weather.finish()
            await asyncio.gather(*(sender.flush() for sender in senders))
            self._journal.note("storm over", sent=self._pace.sent, faults=self._weather.done)
            return [each for sender in senders for each in sender.acknowledged]

    def _has_faults_to_come(self) -> bool:
        """A loaded machine, which is slow to send them all, gets no more faults for that."""
        return self._is_in_time() and self._weather.done < self._options.faults

    def _has_more_to_come(self) -> bool:
        return self._has_faults_to_come() or (self._is_in_time() and self._pace.sent < self._options.requests)

    def _is_in_time(self) -> bool:
        limit_s = self._options.storm_s_max
        return limit_s is None or self._journal.seconds <= limit_s

    async def _calm_down(self, db: Database, reader: Reader) -> list[Violation]:
        """Wait until all is done; compare what only a quiet service can be asked."""
        found = await until_quiet(self._settings, db, reader, expires=True)
        await self._crew.stop_all("expirer")
        found += await until_quiet(self._settings, db, reader, expires=False)
        self._journal.note("quiet", left=list(map(str, found)))
        if not found:
            found += await differing_views(self._crew, db, self._journal.folder)
            found += await differing_reads(self._settings, reader, self._journal)
            found += await not_spread(db, self._journal) if self._is_sharded else []
        return found

    def _times(self) -> Mapping[str, float]:
        return {
            "began_ms": self._journal.began_ms,
            "last_fault_s": self._weather.last_s,
            "ended_s": self._journal.seconds,
        }

    def _outcome(self, history: History, found: list[Violation]) -> Outcome:
        self._journal.note("checking", inputs=len(history.inputs), outputs=len(history.outputs))
        outcome = Outcome(
            options=self._options,
            environment=self._environment,
            folder=self._journal.folder,
            requests=self._pace.sent,
            faults=self._weather.done,
            violations=[*check(history), *found, *leaks(self._journal.folder)],
            repeated=match_answers(evidence_of(history)).repeats,
            seconds=self._journal.seconds,
        )
        outcome.keep()
        return outcome


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    client = connect(settings.mongo)
    try:
        yield database(client, settings.mongo)
    finally:
        client.close()


def put_into(files: Files) -> Callable[[CodeFile], None]:
    return lambda file: files.put(file.key, file.body)
