"""A mongod that demands TLS and a login: started once for all tests of this folder, where one is on the PATH.

Out: `Database`: addresses of users, users with roles; `LEFT_OUT`, `left_out`.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from pymongo import MongoClient

from devstack.ports import HOST, choose
from tests.secured.certificates import Authority

LEFT_OUT: Final = "left out: logins to MongoDB: no mongod on the PATH"
READY_TIMEOUT_MS: Final = 60_000
PASSWORD: Final = "for tests: @/%"


def left_out() -> bool:
    """Whether these tests are left out: the embedded server knows no users."""
    return shutil.which("mongod") is None


class Database:
    """The running server."""

    def __init__(self, port: int, authority: Authority) -> None:
        self.port = port
        self.authority = authority
        self.admin: MongoClient[dict[str, Any]] = MongoClient(self.uri("root"))

    def uri(self, user: str | None = None, password: str = PASSWORD, **options: str) -> str:
        """The address for a user; without a user, for whoever shows a certificate."""
        login = f"{user}:{quote_plus(password)}@" if user else ""
        source = {"authSource": "admin"} if user else {}
        trust = {"replicaSet": "own", "tls": "true", "tlsCAFile": str(self.authority.file)}
        return f"mongodb://{login}{HOST}:{self.port}/?{urlencode({**trust, **source, **options})}"

    def by_certificate(self, file: Path, **options: str) -> str:
        """The address for the subject of this certificate."""
        x509 = {"authMechanism": "MONGODB-X509", "authSource": "$external"}
        return self.uri(tlsCertificateKeyFile=str(file), **x509, **options)

    def add_user(self, name: str, roles: Sequence[Mapping[str, str]], password: str = PASSWORD) -> None:
        """A user with a password."""
        self.admin.admin.command("createUser", name, pwd=password, roles=list(roles))

    def add_subject(self, name: str, roles: Sequence[Mapping[str, str]]) -> None:
        """A user who is the subject of a certificate."""
        self.admin["$external"].command("createUser", f"CN={name}", roles=list(roles))

    def drop_user(self, name: str) -> None:
        """Its sessions lose their rights at once."""
        self.admin.admin.command("dropUser", name)


@contextmanager
def a_mongod(folder: Path) -> Iterator[Database]:
    """The server, and its administrator."""
    authority = Authority(folder / "certificates")
    port = choose(("server",), {})["server"]
    process = subprocess.Popen(_command(folder, port, authority), stdout=subprocess.DEVNULL)  # noqa: S603  # made here
    try:
        _initiate(port, authority)
        database = Database(port, authority)
        yield database
        database.admin.close()
    finally:
        process.kill()
        process.wait()


def _command(folder: Path, port: int, authority: Authority) -> list[str]:
    key, data = folder / "key", folder / "data"
    key.write_text("forTests")
    key.chmod(0o600)
    data.mkdir()
    where = ["--dbpath", str(data), "--port", str(port), "--bind_ip", HOST, "--wiredTigerCacheSizeGB", "0.25"]
    members = ["--replSet", "own", "--keyFile", str(key), "--auth"]
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(authority.issue("server"))]
    clients = ["--tlsCAFile", str(authority.file), "--tlsAllowConnectionsWithoutCertificates"]
    mechanisms = ["--setParameter", "authenticationMechanisms=SCRAM-SHA-1,SCRAM-SHA-256,MONGODB-X509"]
    return [shutil.which("mongod") or "", *where, *members, *tls, *clients, *mechanisms]


def _initiate(port: int, authority: Authority) -> None:
    """Make it a replica set, and its first user; both are possible without a login, from this machine."""
    trust: dict[str, Any] = {
        "tls": True,
        "tlsCAFile": str(authority.file),
        "serverSelectionTimeoutMS": READY_TIMEOUT_MS,
    }
    with MongoClient[dict[str, Any]](HOST, port, directConnection=True, **trust) as client:
        client.admin.command("replSetInitiate", {"_id": "own", "members": [{"_id": 0, "host": f"{HOST}:{port}"}]})
    with MongoClient[dict[str, Any]](HOST, port, replicaSet="own", **trust) as client:
        client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
