"""The local stack with real parts, in a folder of its own: a second stack beside the one of the session."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from botocore.exceptions import ClientError

import devstack
from devstack import PartFailedError, Stack
from tests.integration.stack_folder import (
    WAIT_MAX_S,
    kill,
    mongo,
    pids,
    running_below,
    until_a_part_runs,
    use_a_mongod,
)
from tests.places import ROOT

pytestmark = pytest.mark.integration

MIB = 1 << 20
UP = (sys.executable, "-c", "from devstack.cli import app; app(['up'])")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all tests here; nothing of it is left after them."""
    path = tmp_path_factory.mktemp("stack")
    yield path
    devstack.down(path, wipe=True)


@pytest.fixture
def own(folder: Path) -> Stack:
    """A stack that runs, whatever the test before did to it."""
    return devstack.up(folder)


def test_a_second_up_joins_what_runs(own: Stack, folder: Path) -> None:
    """A second `up` keeps the processes, and reports that none was started."""
    again = devstack.up(folder)

    assert pids(own) == pids(again)
    assert not again.started_by_this_call
    assert ["running"] * 3 == [part.state for part in devstack.status(folder)]


async def test_kafka_has_transactions(own: Stack) -> None:
    """A record is written in a transaction, on a topic that had to be made."""
    producer = AIOKafkaProducer(
        bootstrap_servers=own.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"], transactional_id="t"
    )
    await _make_topic(own, "greetings")
    await producer.start()
    try:
        async with producer.transaction():
            written = await producer.send_and_wait("greetings", b"hello")
    finally:
        await producer.stop()

    assert 0 == written.offset


def test_the_database_has_transactions(own: Stack) -> None:
    """What an aborted one wrote is not there, what a committed one wrote is."""
    with mongo(own) as client:
        notes = client["greetings"]["notes"]
        with client.start_session() as session:
            with session.start_transaction():
                notes.insert_one({"_id": "kept"}, session=session)
            session.start_transaction()
            notes.insert_one({"_id": "dropped"}, session=session)
            session.abort_transaction()

        assert [{"_id": "kept"}] == list(notes.find())


def test_s3_reads_ranges_of_one_version(own: Stack) -> None:
    """Large objects, ranges under `If-Match`, versions and encodings work as importers need them."""
    s3 = _s3(own)
    s3.create_bucket(Bucket="greetings")
    s3.put_bucket_versioning(Bucket="greetings", VersioningConfiguration={"Status": "Enabled"})
    body = os.urandom(20 * MIB)
    first = s3.put_object(Bucket="greetings", Key="k", Body=body, ContentEncoding="gzip")
    s3.put_object(Bucket="greetings", Key="k", Body=b"other")

    part = s3.get_object(
        Bucket="greetings",
        Key="k",
        VersionId=first["VersionId"],
        Range="bytes=8388608-16777215",
        IfMatch=first["ETag"],
    )

    assert body[8 * MIB : 16 * MIB] == part["Body"].read()
    assert "gzip" == part["ContentEncoding"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket="greetings", Key="k", IfMatch=first["ETag"])
    s3.close()


@pytest.mark.parametrize(
    "name",
    ["kafka", pytest.param("database", marks=pytest.mark.thorough), pytest.param("s3", marks=pytest.mark.thorough)],
)
def test_a_dead_part_is_named_and_started_again(own: Stack, folder: Path, name: str) -> None:
    """With the end of its log; at its old port; the others are left in peace."""
    kill(own, name)
    dead = [part for part in devstack.status(folder) if part.state == "dead"]
    reports: list[str] = []

    again = devstack.up(folder, reports.append)

    assert [name] == [part.name for part in dead]
    assert dead[0].log_end
    assert f"{name} had died. The end of its log:\n  | {dead[0].log_end[0]}" in reports[0]
    assert own.environment() == again.environment()
    assert {name} == {part for part, pid in pids(again).items() if pid != pids(own)[part]}
    assert again.started_by_this_call


@pytest.mark.thorough
def test_data_outlives_down(own: Stack, folder: Path) -> None:
    """A later `up` finds at the same addresses what the database held."""
    with mongo(own) as client:
        client["lasting"]["notes"].insert_one({"_id": 1})

    devstack.down(folder)
    again = devstack.up(folder)

    assert own.environment() == again.environment()
    with mongo(again) as client:
        assert 1 == client["lasting"]["notes"].count_documents({})


def test_down_leaves_no_process(own: Stack, folder: Path) -> None:
    """All three are named and gone; a second `down` has nothing to do."""
    assert {"kafka", "database", "s3"} == set(devstack.down(folder))
    assert [] == running_below(folder)
    assert [] == devstack.down(folder, wipe=True)
    assert devstack.current(folder) is None
    assert not (folder / "data").exists()


@pytest.mark.thorough
def test_the_database_from_pypi_serves_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`secantusd-py` runs when it is asked for, and asks for one transaction at a time."""
    monkeypatch.setenv("CODES_DEV_DATABASE", "secantusd-py")
    stack = devstack.up(folder)

    assert "secantusd-py" == stack.database
    assert "1" == stack.environment()["CODES_MONGO__TRANSACTIONS_MAX"]
    with mongo(stack) as client:
        assert client.admin.command("hello")["isWritablePrimary"]
    devstack.down(folder, wipe=True)


def test_a_part_that_dies_at_start_takes_the_others_down(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named with the end of its log, and nothing that was started for it stays."""
    use_a_mongod(tmp_path, monkeypatch, "sleep 1; echo out of luck; exit 1")

    with pytest.raises(PartFailedError, match=r"database died while starting.*\n  \| out of luck"):
        devstack.up(folder)

    assert ["stopped"] * 3 == [part.state for part in devstack.status(folder)]
    assert [] == running_below(folder)


def test_an_interrupted_up_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while parts start: those this call started are ended again."""
    use_a_mongod(tmp_path, monkeypatch, "exec sleep 60")
    starting = subprocess.Popen(  # noqa: S603 - our own command
        UP, env={**os.environ, "CODES_DEV_DIR": str(folder)}, stderr=subprocess.PIPE, cwd=ROOT
    )
    until_a_part_runs(folder)

    starting.send_signal(signal.SIGINT)
    _, said = starting.communicate(timeout=WAIT_MAX_S)

    assert 0 != starting.returncode
    assert b"Traceback" not in said
    assert [] == running_below(folder)


async def _make_topic(stack: Stack, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"])
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()


def _s3(stack: Stack) -> Any:
    environment = stack.environment()
    return boto3.client(
        "s3",
        endpoint_url=environment["CODES_S3__ENDPOINT_URL"],
        region_name=environment["CODES_S3__REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
