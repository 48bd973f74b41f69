"""`codes migrate` where the server takes no validators, or the user may not set them: it and `--check` agree.

A user without the right is a real one where a mongod is on the PATH; elsewhere a proxy says what a mongod would.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from stores.mongo.connection import Database
from stores.mongo.specs import collections
from tests.fakes.mongo_proxy import Fault, MongoProxy, Statement, mongo_proxied
from tests.integration.commanding import Codes

pytestmark = pytest.mark.integration

NAMES: Final = [spec.name for spec in collections(ledger_days=30)]
TRIES: Final = 50
"""More than any test here makes."""
MONGOD: Final = shutil.which("mongod")
READY_TIMEOUT_S: Final = 60
OPTIONAL: Final = {"CODES_MONGO__VALIDATORS": "optional"}
FORGET_LATER: Final = {"CODES_MONGO__LEDGER_DAYS": "40"}


def refuse(proxy: MongoProxy, code: int) -> None:
    """Let the server refuse every validator."""
    for name in NAMES:
        proxy.fail(Statement("collMod", name), [Fault(code)] * TRIES)


@asynccontextmanager
async def a_mongod(folder: Path, database: str) -> AsyncIterator[str]:
    """A server of the test's own, and its address for a user who has `readWrite` on the service's database alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = folder / "key"
    key.write_text("forTests")
    key.chmod(0o600)
    where = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
    arguments = [*where, "--replSet", "own", "--keyFile", str(key)]  # with a key file, users need a password
    process = await asyncio.create_subprocess_exec(str(MONGOD), *arguments, stdout=asyncio.subprocess.DEVNULL)
    try:
        await initiate(port)
        await add_users(port, {"role": "readWrite", "db": database})
        yield f"mongodb://migrate:for-tests@127.0.0.1:{port}/?replicaSet=own&authSource=admin"
    finally:
        process.kill()
        await process.wait()


async def initiate(port: int) -> None:
    """Make the server a replica set of its own: without one there are no transactions, and the check says so."""
    client = connected(port, directConnection=True)
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    await client.admin.command("replSetInitiate", {"_id": "own", "members": members})
    client.close()


async def add_users(port: int, role: Mapping[str, str]) -> None:
    """The first one is made without a password, the second by the first."""
    client = connected(port, replicaSet="own")
    await client.admin.command("createUser", "root", pwd="for-tests", roles=[{"role": "root", "db": "admin"}])
    client.close()
    client = connected(port, replicaSet="own", username="root", password="for-tests")
    await client.admin.command("createUser", "migrate", pwd="for-tests", roles=[role])
    client.close()


def connected(port: int, **options: Any) -> "AsyncIOMotorClient[dict[str, object]]":
    """A client that waits for the server's start and its election."""
    return AsyncIOMotorClient(port=port, serverSelectionTimeoutMS=READY_TIMEOUT_S * 1_000, **options)


@pytest.fixture
async def empty(db: Database) -> None:
    """Topics are made, and the database is not there yet."""
    await db.client.drop_database(db.name)


@pytest.fixture
async def without_right(environment: dict[str, str], tmp_path: Path, empty: None) -> AsyncIterator[str]:
    """The address of a database whose user may do all but `collMod`."""
    async with AsyncExitStack() as opened:
        if MONGOD is not None:
            yield await opened.enter_async_context(a_mongod(tmp_path, environment["CODES_MONGO__DATABASE"]))
        else:
            proxy, uri = await opened.enter_async_context(mongo_proxied(environment["CODES_MONGO__URI"]))
            refuse(proxy, 13)
            yield uri


async def migrate(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, list[str]]:
    """Exit code, standard output up to the check's notes about the stack, and the lines of standard error."""
    ended = await Codes(environment)("migrate", *arguments)
    return ended.code, ended.out.partition("note: ")[0], ended.err.splitlines()


async def test_a_user_without_the_right_is_refused_by_the_server(
    environment: dict[str, str], without_right: str
) -> None:
    """The run and the check both fail, all else is made; with the setting both end well and say what is missing."""
    there = {**environment, "CODES_MONGO__URI": without_right}
    code, made, refused = await migrate(there)
    checked, _, _ = await migrate(there, "--check")
    accepted = await migrate({**there, **OPTIONAL})
    accepted_check = await migrate({**there, **OPTIONAL}, "--check")

    assert (1, 1) == (code, checked)
    assert "codes.returned" in made
    assert len(NAMES) + 1 == len(refused)
    assert refused[0].startswith("refused: validator codes: ")
    assert "(code 13" in refused[0]
    assert "dbAdmin" in refused[-1]
    for ended in (accepted, accepted_check):
        assert (0, "nothing to change\n", len(NAMES)) == (ended[0], ended[1], len(ended[2]))
        assert all(line.endswith(": accepted by CODES_MONGO__VALIDATORS=optional") for line in ended[2])
    assert "(code 13" in accepted[2][0]


async def test_the_ledgers_time_needs_the_right_whatever_the_setting(
    environment: dict[str, str], without_right: str
) -> None:
    """The run says what the server says, does the rest, and fails like the check."""
    there = {**environment, "CODES_MONGO__URI": without_right, **OPTIONAL}
    assert 0 == (await migrate(there))[0]

    code, _, lines = await migrate({**there, **FORGET_LATER, "CODES_TOPICS__RETENTION_HOURS": "168"})
    checked, _, _ = await migrate({**there, **FORGET_LATER}, "--check")

    assert (1, 1) == (code, checked)
    assert any(line.startswith("refused: index requests.forget: ") and "(code 13" in line for line in lines)


async def test_a_server_that_takes_no_validators_may_be_accepted(environment: dict[str, str], empty: None) -> None:
    """Until it takes them, after an upgrade: then the next run sets them, and the check is content."""
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        refuse(proxy, 115)
        there = {**environment, "CODES_MONGO__URI": uri}
        required = [(await migrate(there, *arguments))[0] for arguments in ((), ("--check",))]
        optional = [(await migrate({**there, **OPTIONAL}, *arguments))[0] for arguments in ((), ("--check",))]

    later = await migrate({**environment, **OPTIONAL})
    checks = [await migrate(environment, "--check"), await migrate({**environment, **OPTIONAL}, "--check")]

    assert ([1, 1], [0, 0]) == (required, optional)
    assert (0, []) == (later[0], later[2])
    assert len(NAMES) == later[1].count("validator")
    assert [(0, "nothing to change\n", [])] * 2 == checks


async def test_a_server_that_loses_a_validator_is_no_success(environment: dict[str, str], empty: None) -> None:
    """The server accepts it and stores nothing: every run would report `created`, and every check would fail."""
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        for name in NAMES:
            proxy.fail(Statement("collMod", name), [Fault(0)] * TRIES)
        code, _, lines = await migrate({**environment, "CODES_MONGO__URI": uri})

    assert 1 == code
    assert "refused: validator codes: the server took it, and does not keep it" in lines


async def test_a_server_without_a_primary_refuses_nothing(environment: dict[str, str], empty: None) -> None:
    """The primary is not elected yet: exit code 3, run the command again."""
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        refuse(proxy, 11_602)
        code, _, [line] = await migrate({**environment, "CODES_MONGO__URI": uri})

    assert 3 == code
    assert line.startswith("codes: ")
    assert "11602" in line


async def test_an_optional_check_says_what_the_run_changes(
    environment: dict[str, str], db: Database, migrated: object
) -> None:
    """A server that has a validator takes its next version: the check fails until the run has set it."""
    there = {**environment, **OPTIONAL}
    await db.command({"collMod": "codes", "validator": {"$jsonSchema": {"required": ["old"]}}})

    before = await migrate(there, "--check")
    done = await migrate(there)
    after = await migrate(there, "--check")

    assert [(1, []), (0, [])] == [(code, lines) for code, _, lines in (before, done)]
    assert [["validator", "codes", "altered"]] * 2 == [out.splitlines()[-1].split() for _, out, _ in (before, done)]
    assert (0, "nothing to change\n", []) == after


async def test_an_optional_check_of_an_empty_database_promises_no_validator(
    environment: dict[str, str], empty: None
) -> None:
    """Only a run can say whether the server takes it."""
    code, out, lines = await migrate({**environment, **OPTIONAL}, "--check")

    assert (1, 0, len(NAMES)) == (code, out.count("validator"), len(lines))
    assert all("would be set if the server takes it" in line for line in lines)


async def test_a_busy_server_refuses_nothing(environment: dict[str, str], empty: None) -> None:
    """Another command holds the collection: exit code 3, and run it again."""
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        refuse(proxy, 117)
        code, _, [line] = await migrate({**environment, "CODES_MONGO__URI": uri, **OPTIONAL})

    assert 3 == code
    assert "117" in line


async def test_a_refusal_for_another_reason_is_not_accepted(environment: dict[str, str], empty: None) -> None:
    """The setting is for servers without validators; it hides nothing else."""
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        refuse(proxy, 166)
        code, _, lines = await migrate({**environment, "CODES_MONGO__URI": uri, **OPTIONAL})

    assert 1 == code
    assert any(line.startswith("refused: validator codes: ") and "(code 166" in line for line in lines)
