"""`codes migrate` on a real broker and a real database: everything is made, once, and nothing is taken away."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo.errors import DuplicateKeyError, WriteError

from ops.broker.client import client_options
from ops.broker.migrate import migrate
from ops.broker.topics import LOOK_PAUSE_S, LOOKS_MAX, migrate_topics, wanted_topics
from ops.settings.load import Settings, load_settings
from schemas.errors import BrokerUnavailable, MigrationRefused, StoreUnavailable
from schemas.stock import changelog_topic
from schemas.topics import ALL_TOPICS
from stores.mongo.connection import Client, Database, connect, database
from stores.mongo.migration import Change, Warned
from stores.mongo.specs import collections

pytestmark = pytest.mark.integration

PARTS = len(ALL_TOPICS) + 1 + sum(2 + len(spec.indexes) for spec in collections(ledger_days=30))
"""Topics, the inventory's changelog, and for each collection itself, its validator and its indexes."""
A_CODE = {
    "_id": "1",
    "campaign_id": "c-1",
    "code": "A",
    "code_type": "tm",
    "status": "available",
    "draw": 7,
    "moved_by": "s@1",
    "imported_by": "i-1",
    "changed_at": datetime(2026, 11, 24, tzinfo=UTC),
}


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """The database's own view; what it holds is dropped afterwards."""
    client = connect(settings.mongo)
    yield client
    client.close()


@pytest.fixture
async def db(client: Client, settings: Settings) -> AsyncIterator[Database]:
    """The service's database, not migrated yet; it and the topics are gone after the test."""
    yield database(client, settings.mongo)
    await client.drop_database(settings.mongo.database)
    topics = await partitions_of(settings)
    async with broker(settings) as admin:
        await admin.delete_topics([*topics, changelog_topic(settings.kafka.group_prefix)])


@asynccontextmanager
async def broker(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """The broker's own view."""
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def config_of(settings: Settings, topic: str) -> dict[str, str]:
    """All values in force."""
    async with broker(settings) as admin:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def set_config(settings: Settings, topic: str, key: str, value: str) -> None:
    """As an operator would, and until it is in force."""
    async with broker(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: value})])
    for _ in range(LOOKS_MAX):
        if (await config_of(settings, topic))[key] == value:
            return
        await asyncio.sleep(LOOK_PAUSE_S)
    raise TimeoutError(f"{topic}: {key} is not {value}")


async def partitions_of(settings: Settings) -> dict[str, int]:
    """Our topics under their full names."""
    async with broker(settings) as admin:
        topics = await admin.describe_topics()
    prefix = settings.topics.prefix
    return {topic["topic"]: len(topic["partitions"]) for topic in topics if topic["topic"].startswith(prefix)}


async def options_of(db: Database, collection: str) -> dict[str, Any]:
    """A collection's options as the server lists them."""
    [listed] = [listed async for listed in await db.list_collections(filter={"name": collection})]
    options: dict[str, Any] = listed["options"]
    return options


def changed(environment: dict[str, str], **variables: str) -> Settings:
    """The same service under other settings."""
    return load_settings(environment | {f"CODES_{name}": value for name, value in variables.items()})


def with_partitions(settings: Settings, **counts: int) -> str:
    """The partitions that the settings have, but for one topic; its name with `_` for `.`."""
    named = {name.replace("_", ".", 1): count for name, count in counts.items()}
    return json.dumps({**settings.topics.partitions, **named})


class TestOnce:
    async def test_check_says_everything_and_makes_nothing(self, settings: Settings, db: Database) -> None:
        """It may be run against production."""
        steps = await migrate(settings, check=True)

        assert PARTS == len(steps)
        assert [] == await db.list_collection_names()
        assert {} == await partitions_of(settings)

    async def test_topics_are_made_as_the_contract_says(self, settings: Settings, db: Database) -> None:
        """Partitions, retention, time of append."""
        await migrate(settings)

        wanted = wanted_topics(settings.topics)
        assert {topic.name: topic.partitions for topic in wanted} == await partitions_of(settings)
        for topic in wanted:
            config = await config_of(settings, topic.name)
            assert topic.config == {key: config[key] for key in topic.config}

    async def test_a_second_run_changes_nothing(self, settings: Settings, db: Database) -> None:
        """So every deployment can run it."""
        assert PARTS == len(await migrate(settings))

        assert [] == await migrate(settings)
        assert [] == await migrate(settings, check=True)

    async def test_several_at_once_do_not_disturb_each_other(self, settings: Settings, db: Database) -> None:
        """Replicas that start together may each run it."""
        runs = await asyncio.gather(*(migrate(settings) for _ in range(3)))

        assert PARTS == len({(step.kind, step.name) for run in runs for step in run})
        assert [] == [step for run in runs for step in run if isinstance(step, Warned)]
        assert [] == await migrate(settings)


class TestAgain:
    async def test_partitions_and_retention_follow_the_settings(
        self, settings: Settings, environment: dict[str, str], db: Database
    ) -> None:
        """What an operator has set beside them on the topic stays."""
        results = f"{settings.topics.prefix}results.v1"
        await migrate(settings)
        async with broker(settings) as admin:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, results, {"segment.ms": "3600000"})])
        more = changed(
            environment,
            TOPICS__PARTITIONS=with_partitions(settings, results_v1=10),
            TOPICS__RETENTION_HOURS="24",
            MONGO__LEDGER_DAYS="9",
        )

        await asyncio.gather(migrate(more), migrate(more))

        config = await config_of(settings, results)
        assert ("86400000", "3600000") == (config["retention.ms"], config["segment.ms"])
        assert 10 == (await partitions_of(settings))[results]
        assert 9 * 86_400 == (await db.requests.index_information())["forget"]["expireAfterSeconds"]
        assert [] == await migrate(more)

    async def test_fewer_partitions_are_a_warning(
        self, settings: Settings, environment: dict[str, str], db: Database
    ) -> None:
        """Kafka cannot take any away; the service runs on with what there is."""
        await migrate(settings)
        there = (await partitions_of(settings))[f"{settings.topics.prefix}imports.v1"]
        fewer = changed(environment, TOPICS__PARTITIONS=with_partitions(settings, imports_v1=1))

        [warned] = await migrate_topics(fewer, check=False)

        assert isinstance(warned, Warned)
        assert f"has {there} partitions, 1 are wanted" in warned.why

    async def test_a_validator_that_differs_is_replaced(self, settings: Settings, db: Database) -> None:
        """As after an upgrade, whose documents have a field more."""
        await migrate(settings)
        wanted = await options_of(db, "codes")
        await db.command({"collMod": "codes", "validator": {"$jsonSchema": {"required": ["old"]}}})

        steps = await migrate(settings)

        assert [Change("validator", "codes", "altered")] == steps
        assert wanted["validator"] == (await options_of(db, "codes"))["validator"]

    async def test_an_index_of_the_same_fields_under_another_name_serves(
        self, settings: Settings, db: Database
    ) -> None:
        """One that an operator made by hand, say; a different one is named and left alone."""
        await db.inventory.create_index([("campaign_id", 1)], name="by_hand")
        await db.codes.create_index([("campaign_id", 1), ("code", 1)], name="not_unique")

        steps = await migrate(settings)

        assert "inventory.campaign" not in {step.name for step in steps}
        [warned] = [step for step in steps if isinstance(step, Warned)]
        assert ("index", "codes.unique_code") == (warned.kind, warned.name)
        assert "`not_unique` is another one" in warned.why

    async def test_documents_that_break_a_unique_index_are_told(self, settings: Settings, db: Database) -> None:
        """Without a word of what they hold."""
        await db.codes.insert_many([A_CODE, {**A_CODE, "_id": "2"}])

        with pytest.raises(
            MigrationRefused, match=r"^index codes\.unique_code: there are documents that are not unique$"
        ):
            await migrate(settings)


class TestDatabase:
    async def test_the_database_takes_what_the_models_take(self, settings: Settings, db: Database) -> None:
        """A proper code goes in, with a field more than the validator knows too."""
        await migrate(settings)

        await db.codes.insert_many([A_CODE, {**A_CODE, "_id": "2", "code": "B", "new_field": 1}])

        assert A_CODE == await db.codes.find_one({"_id": "1"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": "gone"},
            {"draw": "7"},
            {"changed_at": "2026-11-24T00:00:00.000Z"},
            {"campaign_id": 1},
            {"code": None},
        ],
    )
    async def test_the_database_refuses_what_the_models_refuse(
        self, settings: Settings, db: Database, wrong: dict[str, object]
    ) -> None:
        """The last guard, against a program that is not ours."""
        await migrate(settings)

        with pytest.raises(WriteError, match="failed validation"):
            await db.codes.insert_one({**A_CODE, **wrong})

    async def test_a_code_is_in_a_campaign_once(self, settings: Settings, db: Database) -> None:
        """In another one it may be again."""
        await migrate(settings)
        await db.codes.insert_many([A_CODE, {**A_CODE, "_id": "2", "campaign_id": "c-2"}])

        with pytest.raises(DuplicateKeyError):
            await db.codes.insert_one({**A_CODE, "_id": "3"})


class TestAway:
    async def test_a_broker_that_is_away_is_said(self, environment: dict[str, str]) -> None:
        """With its address; nothing hangs."""
        away = changed(environment, KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1")

        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
            await migrate(away)

    async def test_a_database_that_is_away_is_said(self, environment: dict[str, str]) -> None:
        """Within the time that the settings give."""
        away = changed(environment, MONGO__URI="mongodb://127.0.0.1:1/", MONGO__TIMEOUT_MS="300")

        async with asyncio.timeout(10):
            with pytest.raises(StoreUnavailable):
                await migrate(away)


class TestCommand:
    def run(self, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `codes migrate` as a process."""
        command = [sys.executable, "-m", "cli.main", "migrate", *arguments]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=60)  # noqa: S603  # our own program

    def test_check_fails_until_it_is_done(
        self, environment: dict[str, str], settings: Settings, db: Database
    ) -> None:
        """A pipeline can ask; the JSON says what is missing."""
        before = self.run(environment, "--check", "--json")
        done = self.run(environment)
        after = self.run(environment, "--check")

        assert (1, 0, 0) == (before.returncode, done.returncode, after.returncode)
        assert PARTS == len(json.loads(before.stdout)["changes"])
        assert f"{settings.topics.prefix}reserve.requests.v1" in done.stdout
        assert "nothing to change\n" == after.stdout

    def test_a_part_that_is_away_is_one_line_and_exit_code_3(self, environment: dict[str, str]) -> None:
        """No traceback, nothing of libraries."""
        answer = self.run(environment | {"CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"})

        assert (3, "", 1) == (answer.returncode, answer.stdout, answer.stderr.count("\n"))
        assert answer.stderr.startswith("codes: Kafka at 127.0.0.1:1: ")
