"""Logins to MongoDB, at a server that demands TLS and a login; credentials that are replaced while a client runs."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from ops.exit_codes import Exit
from ops.settings.load import load_settings
from schemas.errors import AccessRefused
from schemas.settings import MongoSettings
from stores.mongo.connection import Client, connect
from stores.mongo.login import Login, check_login
from tests.secured.certificates import Authority
from tests.secured.entering import refused_line
from tests.secured.mongod import PASSWORD, Database

pytestmark = pytest.mark.integration

READS = [{"role": "read", "db": "codes"}]
Address = Callable[[Database, Path], str]
SOON_MS = 3_000


@pytest.fixture(scope="session")
def known(database: Database) -> Database:
    """The server, with one user of each kind."""
    database.add_user("scram", READS)
    database.add_subject("client", READS)
    return database


RIGHT: dict[str, Address] = {
    "scram 1": lambda known, _: known.uri("scram", authMechanism="SCRAM-SHA-1"),
    "scram 256": lambda known, _: known.uri("scram", authMechanism="SCRAM-SHA-256"),
    "x509": lambda known, _: known.by_certificate(known.authority.issue("client")),
}
WRONG: dict[str, tuple[Address, str]] = {
    "password": (lambda known, _: known.uri("scram", password="wrong"), "it refuses the login"),
    "nobody": (lambda known, _: known.uri("nobody"), "it refuses the login"),
    "unknown subject": (
        lambda known, _: known.by_certificate(known.authority.issue("stranger")),
        "it refuses the login",
    ),
    "unknown authority": (
        lambda known, folder: known.uri("scram", tlsCAFile=str(Authority(folder / "other", "other").file)),
        "not accepted: self-signed certificate in certificate chain",
    ),
    "another host": (
        lambda known, _: known.uri("scram").replace("127.0.0.1", "localhost").replace("replicaSet=own&", ""),
        "certificate is not valid for 'localhost'",
    ),
    "certificate expired": (
        lambda known, _: known.by_certificate(known.authority.issue("client-old", lives=timedelta(days=-1))),
        "client-old.pem has expired",
    ),
}


def impatient(uri: str, timeout_ms: int = SOON_MS) -> MongoSettings:
    """Settings of a client that gives up soon."""
    return MongoSettings(uri=SecretStr(uri), timeout_ms=timeout_ms)


@pytest.mark.parametrize("address", RIGHT.values(), ids=RIGHT)
async def test_the_right_login_reads(known: Database, tmp_path: Path, address: Address) -> None:
    """Over TLS, with the server's certificate and name checked."""
    settings = impatient(address(known, tmp_path))
    client = connect(settings)
    await check_login(client, settings)

    assert 0 == await client.codes.codes.count_documents({})
    client.close()


@pytest.mark.parametrize(("address", "reason"), WRONG.values(), ids=WRONG)
async def test_a_wrong_login_is_refused_with_its_reason(
    known: Database, tmp_path: Path, address: Address, reason: str
) -> None:
    """Not reported as an unavailable database, which somebody would wait for."""
    settings = impatient(address(known, tmp_path))
    client = connect(settings)

    with pytest.raises(AccessRefused, match=r"^MongoDB: ") as refused:
        await check_login(client, settings)

    assert reason in str(refused.value)
    client.close()


async def test_an_unavailable_server_is_no_refusal() -> None:
    """A role starts, and waits for it."""
    settings = impatient("mongodb://me:secret@127.0.0.1:1/?replicaSet=own", timeout_ms=300)
    client = connect(settings)

    await check_login(client, settings)

    client.close()


@pytest.mark.parametrize("command", [("expirer",), ("migrate", "--check")], ids=["role", "command"])
async def test_who_is_refused_ends_with_one_line(
    known: Database, environment: dict[str, str], command: tuple[str, ...]
) -> None:
    """The exit code is that of a refusal."""
    uri = known.uri("scram", password="wrong")
    code, line = await refused_line({**environment, "CODES_MONGO__URI": uri}, *command)

    assert Exit.FAILED == code
    assert line.startswith("codes: MongoDB: it refuses the login (OperationFailure [18 AuthenticationFailed])")
    assert 1 == len(line.splitlines())


async def test_a_password_is_replaced_without_a_restart(known: Database, tmp_path: Path) -> None:
    """Two users, as in a rotation: the former is removed, and the same client continues as the next one."""
    former, following = f"former-{secrets.token_hex(3)}", f"following-{secrets.token_hex(3)}"
    known.add_user(former, READS)
    known.add_user(following, READS, password="another")
    file = tmp_path / "uri"
    file.write_text(known.uri(former))
    settings = load_settings({"CODES_MONGO__URI_FILE": str(file)}).mongo
    client = connect(settings)
    login = Login(client, settings)
    await client.codes.codes.count_documents({})

    file.write_text(known.uri(following, password="another"))
    known.drop_user(former)
    login.follow()

    assert 0 == await client.codes.codes.count_documents({})
    assert [following] == await users_of(client)
    client.close()


async def test_a_certificate_is_replaced_without_a_restart(known: Database, tmp_path: Path) -> None:
    """The file is written anew; the next connection shows the new one."""
    former, following = known.authority.issue("former"), known.authority.issue("following")
    for name in ("former", "following"):
        known.add_subject(name, READS)
    file = tmp_path / "client.pem"
    file.write_bytes(former.read_bytes())
    settings = MongoSettings(uri=SecretStr(known.by_certificate(file)))
    client = connect(settings)
    login = Login(client, settings)
    assert ["CN=former"] == await users_of(client)

    file.write_bytes(following.read_bytes())
    login.follow()

    assert ["CN=following"] == await users_of(client)
    client.close()


async def test_a_file_that_cannot_be_used_changes_nothing(known: Database, tmp_path: Path) -> None:
    """Whoever writes it may have written half of it."""
    file = tmp_path / "uri"
    file.write_text(known.uri("scram"))
    settings = load_settings({"CODES_MONGO__URI_FILE": str(file)}).mongo
    client = connect(settings)
    login = Login(client, settings)

    file.write_text("mongodb://half")
    file.write_text("nothing of the kind")
    login.follow()

    assert ["scram"] == await users_of(client)
    assert PASSWORD not in repr(settings)
    client.close()


async def users_of(client: Client) -> list[str]:
    """Who the server takes this client for."""
    status = await client.admin.command("connectionStatus")
    return [user["user"] for user in status["authInfo"]["authenticatedUsers"]]
