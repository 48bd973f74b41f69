"""A whole run of all roles, and then every code's value looked for wherever it must not be.

Codes are put where a careless program would let them out: in records that cannot be read, in their keys and headers,
in rows of a file that are rejected, in requests that are refused. The log is at its finest, and all is traced.
"""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

import devstack
from audit.history import History
from audit.leaks import SECRET_FREE, check_leaks, secrets_of, whole
from audit.reading import Limits, read_history
from cli.demo.roles import CREW
from ops.broker.migrate import migrate
from ops.settings.load import load_settings
from ops.telemetry.log_schema import LogLine
from schemas.records import IncomingRecord
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORT, REQUEST_TOPICS, TopicSpec
from tests.conftest import fresh_environment, remove
from tests.fakes.spans import collecting
from tests.integration.careless import CODES, LETTERS, REJECTED, VALUES, imports, requests, unreadable
from tests.integration.importing import Files, some_files
from tests.integration.running import Role, a_neighbour, running
from tests.stacks import is_sharded

pytestmark = pytest.mark.integration

ROLES: Final = tuple(dict.fromkeys(CREW))
LOOSE: Final = {
    "CODES_LOG__LEVEL": "DEBUG",
    "CODES_OTEL__ENABLED": "true",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "50",
    "CODES_EXPIRER__INTERVAL_MS": "200",
    "CODES_TOPICS__REPLY_ALLOWED": "[]",
}


@dataclass(frozen=True)
class Run:
    """What was left of it."""

    history: History
    """Its texts: logs, metrics, spans and reject reports."""
    logs: Mapping[str, Sequence[dict[str, Any]]]
    """Every line, by role."""
    spans: frozenset[str]


@pytest.fixture(scope="module")
def run(stack: devstack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run for all tests here."""
    environment = fresh_environment(stack)
    try:
        with some_files(environment) as files:
            yield asyncio.run(whole_run(environment, files, tmp_path_factory.mktemp("logs")))
    finally:
        asyncio.run(remove(load_settings(environment)))


async def whole_run(environment: Mapping[str, str], files: Files, logs: Path) -> Run:
    """Start all roles, let them meet everything, stop them, read what they left."""
    settings = load_settings(environment)
    await migrate(settings, shard=is_sharded())
    async with collecting() as (collector, address):
        more = {**environment, **LOOSE, "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        async with a_neighbour(settings) as neighbour, all_roles(more, logs) as roles:
            reports = await imports(neighbour, files)
            await requests(neighbour)
            await unreadable(neighbour)
            metrics = {f"metrics of {role.name}": (await role.get("/metrics"))[1] for role in roles}
            for role in roles:
                role.signal(signal.SIGTERM)
            assert {0} == {await role.ended() for role in roles}
        texts = {
            **{f"log of {role.name}": role.log.read_text() for role in roles},
            **metrics,
            **{f"reject report {address}": files.text(address) for address in reports},
            "spans": collector.text(),
        }
    history = await read_history(settings, limits=Limits(), texts=texts)
    return Run(history, {role.name: lines(role) for role in roles}, frozenset(collector.names()))


@asynccontextmanager
async def all_roles(environment: Mapping[str, str], logs: Path) -> AsyncIterator[Sequence[Role]]:
    """One process of each, ready."""
    async with AsyncExitStack() as entered:
        roles = [
            await entered.enter_async_context(running(name, environment, logs / f"{name}.log")) for name in ROLES
        ]
        for role in roles:
            await role.until_ready()
        yield roles


def lines(role: Role) -> Sequence[dict[str, Any]]:
    """All that it wrote, standard error included."""
    return [json.loads(line) for line in role.log.read_text().splitlines()]


def test_every_part_of_the_run_took_place(run: Run) -> None:
    """Control: a run that skips a part would pass the search."""
    outcomes = Counter(event.fields["outcome"] for event in run.history.results)
    reasons = Counter(event.fields["reason"] for event in run.history.results)

    assert CODES == len(run.history.database.codes)
    assert {"reserved": 21, "assigned": 11, "released": 11, "refused": 4} == outcomes
    assert {"request_id_reused", "out_of_stock", "unknown_campaign", "not_the_holder"} == set(reasons) - {None}
    assert LETTERS == len(run.history.records[DEAD_LETTERS.name])
    [report] = [text for name, text in run.history.texts.items() if name.startswith("reject report")]
    assert REJECTED == len(report.splitlines()) - 1
    assert {f"log of {name}" for name in ROLES} < set(run.history.texts)
    assert all(run.history.texts.values())


def test_no_code_stands_where_it_must_not(run: Run) -> None:
    """Logs, metrics, spans, reports, results, events, the headers that dead letters add, and the other documents."""
    assert [] == list(check_leaks(run.history))


def test_codes_stand_where_they_may(run: Run) -> None:
    """The search finds them there: in the assigned events, and in the dead letters' own bytes."""
    secrets = secrets_of(run.history)

    assigned = [list(secrets.found_in(whole(record))) for record in run.history.records[ASSIGNED.name]]
    letters = [list(secrets.found_in(whole(record))) for record in run.history.records[DEAD_LETTERS.name]]
    assert [1] * 21 == [len(found) for found in assigned]
    assert all(letters)


@pytest.mark.parametrize("topic", SECRET_FREE, ids=lambda topic: topic.name)
@pytest.mark.parametrize("part", ["key", "value", "headers"])
def test_a_code_planted_in_a_record_is_found(run: Run, topic: TopicSpec, part: str) -> None:
    """Control: the search can fail."""
    value = VALUES[7].encode()
    planted: dict[str, Any] = {"key": value, "value": b'{"x": "' + value + b'"}', "headers": (("x", value),)}
    record = replace(IncomingRecord(topic.name, 0, 0, 0, None, None, ()), **{part: planted[part]})
    records = {**run.history.records, topic.name: [*run.history.records.get(topic.name, ()), record]}

    assert ["leak"] == [found.kind for found in check_leaks(replace(run.history, records=records))]


def test_a_code_planted_in_a_header_of_ours_is_found(run: Run) -> None:
    """Control: of a dead letter only the headers that we add are searched, and they are."""
    letter = IncomingRecord(DEAD_LETTERS.name, 0, 0, 0, None, None, (("dlq-detail", VALUES[7].encode()),))
    records = {**run.history.records, DEAD_LETTERS.name: [letter]}

    assert ["leak"] == [found.kind for found in check_leaks(replace(run.history, records=records))]


def test_a_code_planted_in_any_text_is_found(run: Run) -> None:
    """Control: each log, scrape, report and the spans."""
    for name, text in run.history.texts.items():
        planted = {**run.history.texts, name: f"{text}\n{VALUES[7]}"}
        found = list(check_leaks(replace(run.history, texts=planted)))
        assert [name] == [finding.what.partition(",")[0] for finding in found]


@pytest.mark.parametrize("role", ROLES)
def test_every_line_of_every_log_fits_the_schema(run: Run, role: str) -> None:
    """Our own events and those of libraries; nothing stands on standard error."""
    read = [LogLine(**line) for line in run.logs[role]]

    assert {role} == {line.role for line in read}
    assert {"started", "stopping", "stopped"} <= {line.event for line in read}


def test_lines_name_the_request_that_they_are_about(run: Run) -> None:
    """Of an import from its begin to its end. All that happens in a batch has its trace."""
    lines = run.logs["importer"]

    assert ["i1", "i2"] == [line["request_id"] for line in lines if line["event"] == "import_left"]
    assert all("trace_id" in line for line in lines if line["event"] in {"batch", "dead_letter", "import_left"})


def test_there_is_no_line_per_request_at_info(run: Run) -> None:
    """Nor per batch: at 5,000 requests a second nobody could read the log."""
    finer = {line["event"] for line in run.logs["worker"] if line["level"] == "debug"}
    seen = Counter(line["event"] for line in run.logs["worker"] if line["level"] != "debug")

    assert {"batch", "dead_letter"} <= finer
    assert seen.total() < len(run.history.results)


def test_every_role_that_takes_records_was_traced(run: Run) -> None:
    """So the spans that were searched are those of the run."""
    prefix = next(line["prefix"] for line in run.logs["worker"] if line["event"] == "started")
    expected = {f"codes-worker: process {prefix}{topic.name}" for topic in REQUEST_TOPICS}

    assert expected | {f"codes-importer: process {prefix}{IMPORT.name}", "codes-importer: write chunk"} <= run.spans
