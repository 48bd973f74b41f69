"""`codes migrate` on a real broker and a real database: everything is created once, and nothing is removed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo.errors import DuplicateKeyError, WriteError

from ops.broker.migrate import migrate
from ops.broker.topics import migrate_topics, wanted_topics
from ops.settings.load import Settings
from schemas.errors import DatabaseTooOld
from stores.mongo.connection import Database
from stores.mongo.migration import Change, Warned
from tests.fakes.stocking import a_code
from tests.integration.migrating import (
    broker,
    changed,
    config_of,
    options_of,
    partitions_of,
    parts,
    unmigrated,
    with_partitions,
)

pytestmark = pytest.mark.integration

A_CODE = {
    "_id": "1",
    "campaign_id": "c-1",
    "code": "A",
    "code_type": "tm",
    "status": "available",
    "moved_by": "s@1",
    "imported_by": "i-1",
    "changed_at": datetime(2026, 11, 24, tzinfo=UTC),
}


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """The service's database, not migrated yet."""
    async with unmigrated(settings) as db:
        yield db


class TestOnce:
    async def test_check_says_everything_and_makes_nothing(self, settings: Settings, db: Database) -> None:
        """The check may run against production."""
        steps = await migrate(settings, check=True)

        assert parts(settings) == len(steps)
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
        """Every deployment can run it."""
        assert parts(settings) == len(await migrate(settings))

        assert [] == await migrate(settings)
        assert [] == await migrate(settings, check=True)

    async def test_several_at_once_do_not_disturb_each_other(self, settings: Settings, db: Database) -> None:
        """Replicas that start together may each run it."""
        runs = await asyncio.gather(*(migrate(settings) for _ in range(3)))

        assert parts(settings) == len({(step.kind, step.name) for run in runs for step in run})
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
        """Kafka cannot remove partitions; the service goes on with those that exist."""
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
        """For example an operator's index; a different index under the same fields is named and stays."""
        await db.inventory.create_index([("campaign_id", 1)], name="by_hand")
        await db.codes.create_index([("returned", 1)], name="not_sparse")

        steps = await migrate(settings)

        assert "inventory.campaign" not in {step.name for step in steps}
        [warned] = [step for step in steps if isinstance(step, Warned)]
        assert ("index", "codes.returned") == (warned.kind, warned.name)
        assert "`not_sparse` is another one" in warned.why

    async def test_a_database_of_an_older_version_is_refused(self, settings: Settings, db: Database) -> None:
        """Its codes have ids that no import would find again; nothing is changed."""
        await db.codes.insert_one({**A_CODE, "draw": 7})

        for check in (True, False):
            with pytest.raises(DatabaseTooOld):
                await migrate(settings, check=check)
        assert ["codes"] == await db.list_collection_names()


class TestDatabase:
    async def test_the_database_takes_what_the_models_take(self, settings: Settings, db: Database) -> None:
        """The database accepts a valid code, also with a field that the validator does not know."""
        await migrate(settings)

        await db.codes.insert_many([A_CODE, {**A_CODE, "_id": "2", "code": "B", "new_field": 1}])

        assert A_CODE == await db.codes.find_one({"_id": "1"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": "gone"},
            {"returned": 7},
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
        """The same code may exist in another campaign."""
        await migrate(settings)
        await db.codes.insert_many([a_code("c-1", "tm", "A"), a_code("c-2", "tm", "A")])

        with pytest.raises(DuplicateKeyError):
            await db.codes.insert_one(a_code("c-1", "external", "A"))
