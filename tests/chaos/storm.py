"""One storm: roles, clients and faults on a stack, then quiet, then the check.

In:       options, a stack, a folder for logs.
Out:      `Outcome`.
Promise:  no process of a role outlives it, and the stack runs at the end. The topics, the database and the bucket of
          a storm without violations are removed.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Final

import devstack
from ops.broker.migrate import migrate
from ops.settings.load import Settings, load_settings
from schemas.topics import ALL_TOPICS
from stores.mongo.connection import Database, connect, database
from tests.chaos.answers import Answers
from tests.chaos.collecting import differing_reads, history_of, lost_requests
from tests.chaos.crew import CREW, Crew
from tests.chaos.faults import Faults
from tests.chaos.files import CodeFile
from tests.chaos.journal import Journal
from tests.chaos.load import Load
from tests.chaos.options import Options
from tests.chaos.outcome import Outcome, leaks
from tests.chaos.parts import Parts
from tests.chaos.quiet import until_quiet
from tests.chaos.reader import Reader
from tests.chaos.schedule import NODES, ROLES, S3, faults
from tests.chaos.senders import Sender, sending
from tests.checking.history import History
from tests.fakes.proxy import Proxy, proxied
from tests.integration.importing import Files, some_files

INPUT_PARTITIONS: Final = 4
SETTINGS: Final = {
    "CODES_TOPICS__PARTITIONS": json.dumps({spec.name: INPUT_PARTITIONS for spec in ALL_TOPICS}),
    "CODES_KAFKA__SESSION_TIMEOUT_MS": "4000",
    "CODES_KAFKA__REQUEST_TIMEOUT_MS": "5000",
    "CODES_MONGO__TIMEOUT_MS": "5000",
    "CODES_S3__TIMEOUT_MS": "3000",
    "CODES_WORKER__BATCH_SIZE_MAX": "60",
    "CODES_WORKER__BACKOFF_MAX_MS": "1000",
    "CODES_EXPIRER__INTERVAL_MS": "500",
    "CODES_EXPIRER__AGAIN_AFTER_S": "5",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.5",
    "CODES_OPS__PORT": "0",
}
"""Short time-outs and small batches: more happens in a minute."""
FAULT_S_MEAN: Final = 2.75
UNANSWERED_MAX: Final = 400
"""The clients send no more until there are fewer: a loaded machine gets fewer requests, not a longer queue."""
TURN_S: Final = 0.05
CLIENTS: Final = ("aiokafka", "asyncio")


class Storm:
    """Lives as long as a run."""

    def __init__(self, options: Options, stack: devstack.Stack, journal: Journal) -> None:
        self.options, self.stack, self.journal = options, stack, journal
        self.sent = 0
        self._ends_s = options.storm_s_max or float("inf")
        self._is_over = False

    async def run(self, environment: Mapping[str, str], s3: Proxy, files: Files) -> Outcome:
        """The whole storm."""
        settings = load_settings(environment)
        await migrate(settings)
        crew = Crew(environment, self.journal)
        try:
            async with database_of(settings) as db:
                return await self._run(settings, db, crew, s3, files)
        finally:
            await crew.kill_all()

    async def _run(self, settings: Settings, db: Database, crew: Crew, s3: Proxy, files: Files) -> Outcome:
        answers = Answers()
        servers, prefix = settings.kafka.bootstrap_servers, settings.topics.prefix
        topics = [spec.name for spec in ALL_TOPICS]
        reader = Reader(servers, prefix, topics, self.journal, answers.take)
        weather = Faults(crew, Parts(self.stack.folder, self.journal), s3, self.journal, self.options.seed)
        reading = asyncio.create_task(reader.run())
        try:
            for kind in CREW:
                crew.add(kind)
            async with sending(servers, prefix, answers, self.journal) as senders:
                load = Load(self.options.seed, answers, put_into(files), files.bucket)
                await self._blow(load, senders, answers, weather)
                acknowledged = [each for sender in senders for each in sender.acknowledged]
            self.journal.note("storm over", sent=self.sent, faults=weather.done)
            left = await until_quiet(settings, db, reader)
            self.journal.note("quiet", left=left)
            await crew.stop_all()
            history = await history_of(settings, db, reader, files, last_fault_s=weather.last_s, ended_s=time.time())
            problems = [*crew.problems, *lost_requests(acknowledged, history.inputs), *leaks(self.journal.folder)]
            if not left:
                problems += await differing_reads(settings, reader, self.journal)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return self._outcome(history, weather, left, problems)

    def _outcome(self, history: History, weather: Faults, left: list[str], problems: list[str]) -> Outcome:
        return Outcome(
            options=self.options,
            folder=self.journal.folder,
            history=history,
            requests=self.sent,
            faults=weather.done,
            left=tuple(left),
            problems=tuple(problems),
            seconds=self.journal.seconds,
        )

    async def _blow(self, load: Load, senders: list[Sender], answers: Answers, weather: Faults) -> None:
        """Send requests and carry faults out, until there were enough of both."""
        schedule = faults(self.options.seed, {**ROLES, **S3, **NODES})

        def goes_on() -> bool:
            if self.journal.seconds > self._ends_s:
                return False
            return weather.done < self.options.faults or self.sent < self.options.requests

        blowing = asyncio.create_task(weather.run(schedule, goes_on))
        try:
            await self._send(load, senders, answers, goes_on, blowing)
            await blowing
            await weather.finish()
            await asyncio.gather(*(sender.flush() for sender in senders))
        finally:
            blowing.cancel()

    async def _send(
        self,
        load: Load,
        senders: list[Sender],
        answers: Answers,
        goes_on: Callable[[], bool],
        blowing: "asyncio.Task[None]",
    ) -> None:
        """Send at a steady rate, so that requests and faults end about together; never more than is answered."""
        chance = Random(self.options.seed)
        rate = self.options.requests / (self.options.faults * FAULT_S_MEAN)
        for record in load.first_imports():
            await chance.choice(senders).put(record)
        began_s = self.journal.seconds
        while goes_on():
            if blowing.done():
                blowing.result()
            due = min(self.options.requests, int((self.journal.seconds - began_s) * rate))
            while self.sent < due and answers.unanswered < UNANSWERED_MAX:
                await chance.choice(senders).put(load.next())
                self.sent += 1
            await asyncio.sleep(TURN_S)


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    client = connect(settings.mongo)
    try:
        yield database(client, settings.mongo)
    finally:
        client.close()


def put_into(files: Files) -> Callable[[CodeFile], None]:
    return lambda file: files.put(file.key, file.body)


def environment_of(stack: devstack.Stack, options: Options) -> dict[str, str]:
    """Of the roles, with topics, groups and a database of this storm's own."""
    name = f"chaos-{token_hex(4)}"
    return {
        **stack.environment(),
        **SETTINGS,
        "CODES_TOPICS__PREFIX": f"{name}.",
        "CODES_KAFKA__GROUP_PREFIX": f"{name}-",
        "CODES_MONGO__DATABASE": name,
        "CODES_PROCESSING_GUARANTEE": options.guarantee,
    }


async def storm(options: Options, stack: devstack.Stack, folder: Path) -> Outcome:
    """Run a storm on this stack; its logs are kept in the folder."""
    environment = environment_of(stack, options)
    with journal_in(folder) as journal, some_files(environment) as files:
        journal.note("seed", seed=options.seed, options=str(options), environment=environment)
        async with proxied(environment["CODES_S3__ENDPOINT_URL"]) as (s3, url):
            return await Storm(options, stack, journal).run({**environment, "CODES_S3__ENDPOINT_URL": url}, s3, files)


@contextmanager
def journal_in(folder: Path) -> Iterator[Journal]:
    """The storm's log, and the warnings of its own clients beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, warnings = Journal(folder), logging.FileHandler(folder / "clients.log")
    loggers = [logging.getLogger(name) for name in CLIENTS]
    for logger in loggers:
        logger.addHandler(warnings)
        logger.propagate = False
    try:
        yield journal
    finally:
        for logger in loggers:
            logger.removeHandler(warnings)
            logger.propagate = True
        warnings.close()
        journal.close()
