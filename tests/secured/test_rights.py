"""The rights that `codes acl` prints, on a broker with an authorizer and a mongod with users.

Every process logs in as the user of its role, and has the rights of the table alone.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from ops.broker.client import client_options
from ops.settings.load import load_settings
from producers.emitters import idempotent_producer
from schemas.topics import ASSIGN, ASSIGNED, IMPORT, IMPORTS, RESERVE, RESULTS
from tests.integration.commanding import Codes
from tests.integration.importing import Files, some_files
from tests.integration.running import Neighbour, Role, a_neighbour, running
from tests.secured.broker import Doors
from tests.secured.granting import grant_kafka, grant_mongo
from tests.secured.mongod import Database

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]  # it starts a broker, a mongod and four roles

ROLES: Final = ("worker", "importer", "expirer", "inventory")
ANSWER_S: Final = 60.0
NOT_ALLOWED: Final = (ClusterAuthorizationFailedError, TopicAuthorizationFailedError)
"""The former is the answer to whoever may write to no topic at all."""
TTL_S: Final = 1


class Deployment:
    """The service, with a user for everybody."""

    def __init__(self, doors: Doors, database: Database, environment: dict[str, str]) -> None:
        self._doors = doors
        self._database = database
        self._shared = {
            **environment,
            "CODES_TOPICS__PREFIX": "codes.",
            "CODES_KAFKA__GROUP_PREFIX": "codes-",
        }

    def environment(self, name: str) -> dict[str, str]:
        """Of a role or a neighbour; the inventory gets no address of the database."""
        login = self._doors.with_password(user=f"codes-{name}")
        uri = {} if name == "inventory" else {"CODES_MONGO__URI": self._database.uri(f"codes-{name}")}
        shared = {key: value for key, value in self._shared.items() if key != "CODES_MONGO__URI"}
        return {**shared, **login, **uri}

    def as_admin(self) -> dict[str, str]:
        """For a test's own clients, which may do everything."""
        return {**self._shared, "CODES_KAFKA__BOOTSTRAP_SERVERS": self._doors.open}

    def codes(self, name: str) -> Codes:
        """The command line of this user."""
        return Codes(self.environment(name))


@pytest.fixture
async def deployed(doors: Doors, database: Database, environment: dict[str, str]) -> Deployment:
    """Rights as printed, then topics and collections by the user who migrates."""
    deployment = Deployment(doors, database, environment)
    codes = deployment.codes("migrate")
    assert 0 < await grant_kafka(doors.open, (await codes("acl", "--format", "kafka")).out)
    for user in json.loads((await codes("acl", "--json")).out):
        grant_mongo(database, environment["CODES_MONGO__DATABASE"], user)
    ended = await codes("migrate")
    assert 0 == ended.code, ended.err
    return deployment


async def read_one(deployment: Deployment, name: str, topic: str) -> bytes:
    """What this user reads of a topic first, in its own group.

    Raises:
        KafkaError: it may not.
    """
    options = client_options(load_settings(deployment.environment(name)).kafka)
    consumer = AIOKafkaConsumer(topic, **options, group_id=f"codes-{name}", auto_offset_reset="earliest")
    try:
        await consumer.start()
        async with asyncio.timeout(ANSWER_S):
            return bytes((await consumer.getone()).value)
    finally:
        await consumer.stop()


async def write_one(deployment: Deployment, name: str, topic: str) -> None:
    """Write to a topic as this user.

    Raises:
        KafkaError: it may not.
    """
    async with idempotent_producer(client_options(load_settings(deployment.environment(name)).kafka)) as producer:
        await producer.send_and_wait(topic, b"{}")


async def end_of_import(neighbour: Neighbour) -> dict[str, Any]:
    """The end event of the only import."""
    events: list[dict[str, Any]] = []
    while True:
        events = await neighbour.values(IMPORTS, len(events) + 1, timeout_s=ANSWER_S)
        if events[-1]["state"] != "running":
            return events[-1]


async def codes_of(role: Role, campaign: str) -> dict[str, Any]:
    """What the inventory answers about a campaign, as soon as it knows it."""
    port = role.logged("api_listening")[0]["port"]
    async with aiohttp.ClientSession() as session, asyncio.timeout(ANSWER_S):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/api/campaigns/{campaign}") as answer:
                if answer.status == 200:
                    return dict(await answer.json())


def forbidden(database: Database, user: str, collection: str, name: str) -> bool:
    """Whether a user may not read a collection."""
    with MongoClient[dict[str, Any]](database.uri(user)) as client:
        try:
            client[name][collection].find_one()
        except OperationFailure as why:
            return why.code == 13
    return False


async def sold(neighbour: Neighbour, files: Files) -> tuple[dict[str, Any], dict[str, str]]:
    """Import three codes, assign one, and let a hold expire; returns the import's end, and the outcomes."""
    files.client.put_object(Bucket=files.bucket, Key="a.csv", Body=b"code\nA-1\nA-2\nA-3\nnot a code\n")
    command = {"request_id": "i-1", "campaign_id": "c", "bucket": files.bucket, "key": "a.csv"}
    await neighbour.send(IMPORT, command)
    end = await end_of_import(neighbour)
    for number, ttl_s in ((1, 3600), (2, TTL_S)):
        fan = {"campaign_id": "c", "fan_id": f"f-{number}"}
        await neighbour.send(RESERVE, {"request_id": f"r-{number}", **fan, "ttl_s": ttl_s})
    await neighbour.values(RESULTS, 2, timeout_s=ANSWER_S)
    hold = {"campaign_id": "c", "fan_id": "f-1", "reservation_id": "r-1"}
    await neighbour.send(ASSIGN, {"request_id": "a-1", **hold})
    results = await neighbour.values(RESULTS, 4, timeout_s=ANSWER_S)
    return end, {result["request_id"]: result["outcome"] for result in results}


async def rehearsed(deployed: Deployment, folder: Path) -> dict[str, Any]:
    """The report of a rehearsal of one request, in the campaign of the sale."""
    shape = folder / "sale.csv"
    shape.write_text("second,reserve,assign,release\n0,1,0,0\n1,0,0,0\n")
    campaign = ("--campaign", "c", "--yes-this-uses-up-codes")
    ended = await deployed.codes("rehearser")("rehearse", "--shape", str(shape), *campaign, "--json")
    return ended.json


async def test_the_roles_need_no_more_than_the_table(
    deployed: Deployment, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """Import, reserve, assign, expire, count and rehearse; then what nobody may do beyond that."""
    async with AsyncExitStack() as opened:
        roles = {}
        for name in ROLES:
            log = tmp_path / f"{name}.log"
            roles[name] = await opened.enter_async_context(running(name, deployed.environment(name), log))
        files = opened.enter_context(some_files(environment))
        neighbour = await opened.enter_async_context(a_neighbour(load_settings(deployed.as_admin())))
        for role in roles.values():
            await role.until_ready()
        end, outcomes = await sold(neighbour, files)
        report = await rehearsed(deployed, tmp_path)
        assert "c" == (await codes_of(roles["inventory"], "c"))["campaign_id"]
        assert [None] * 4 == [role.process.returncode for role in roles.values()]

    assert ("completed", 3, 1) == (end["state"], end["inserted"], end["rejected"])
    assert {"r-1": "reserved", "r-2": "reserved", "a-1": "assigned", "expire:r-2:1": "released"} == outcomes
    assert (1, True) == (report["answered"], report["lag"]["records_max"] is not None)
    await nobody_has_more(deployed, database, environment["CODES_MONGO__DATABASE"])


async def nobody_has_more(deployed: Deployment, database: Database, name: str) -> None:
    """Only the reader of codes reads them, and it writes nothing."""
    assert b'"code":"A-' in await read_one(deployed, "reader", "codes.assigned.v1")
    for user in ("worker", "importer", "expirer", "inventory", "sender"):
        with pytest.raises(TopicAuthorizationFailedError):
            await read_one(deployed, user, "codes.assigned.v1")
    for user, topic in (("reader", ASSIGNED), ("reader", RESERVE), ("sender", RESULTS), ("worker", ASSIGN)):
        with pytest.raises(NOT_ALLOWED):
            await write_one(deployed, user, f"codes.{topic.name}")
    assert forbidden(database, "codes-worker", "imports", name)
    assert forbidden(database, "codes-importer", "reservations", name)
    assert forbidden(database, "codes-expirer", "codes", name)
    assert forbidden(database, "codes-history", "campaigns", name)
    assert not forbidden(database, "codes-history", "reservations", name)
    assert [] == list(database.admin.admin.system.users.find({"user": "codes-inventory"}))
