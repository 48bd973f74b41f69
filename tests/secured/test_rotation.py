"""Credentials for Kafka that are replaced in their files: the next connection of the same clients uses them.

A wrong one in between shows that the files are read again: with it, no connection is accepted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from ops.broker.client import client_options
from ops.settings.load import load_settings
from producers.emitters import idempotent_producer
from tests.secured.broker import NEXT_PASSWORD, NEXT_USER, PASSWORD, USER, Doors
from tests.secured.certificates import Authority

pytestmark = pytest.mark.integration


@dataclass
class Rotation:
    """A login whose secret is in files."""

    environment: dict[str, str]
    spoil: Callable[[], object]
    replace: Callable[[], object]


def password(doors: Doors, folder: Path, _: Authority) -> Rotation:
    """A second user with the same rights, as for a rotation without an outage."""
    name, secret = folder / "name", folder / "secret"
    name.write_text(USER)
    secret.write_text(f"{PASSWORD}\n")
    login = {
        "CODES_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
        "CODES_KAFKA__SASL_USERNAME_FILE": str(name),
        "CODES_KAFKA__SASL_PASSWORD_FILE": str(secret),
    }
    return Rotation(
        doors.at("PASSWORDS") | login,
        lambda: name.write_text(NEXT_USER),
        lambda: secret.write_text(NEXT_PASSWORD),
    )


def directory(doors: Doors, folder: Path, _: Authority) -> Rotation:
    """A directory of secrets, as Kubernetes mounts it: files are replaced by changing one link."""
    for version, secret in (("1", PASSWORD), ("2", "wrong"), ("3", NEXT_PASSWORD)):
        (folder / version).mkdir()
        (folder / version / "CODES_KAFKA__SASL_USERNAME").write_text(USER if version == "1" else NEXT_USER)
        (folder / version / "CODES_KAFKA__SASL_PASSWORD").write_text(secret)
    (folder / "secrets").mkdir()
    for name in ("CODES_KAFKA__SASL_USERNAME", "CODES_KAFKA__SASL_PASSWORD"):
        (folder / "secrets" / name).symlink_to(Path("..data") / name)

    def point_to(version: str) -> None:
        (folder / "new").symlink_to(folder / version)
        (folder / "new").replace(folder / "secrets" / "..data")

    point_to("1")
    where = {"CODES_SECRETS_DIR": str(folder / "secrets")}
    return Rotation(doors.at("PASSWORDS") | where, lambda: point_to("2"), lambda: point_to("3"))


def certificate(doors: Doors, folder: Path, other: Authority) -> Rotation:
    """A client certificate and its key, in one file."""
    file = folder / "client.pem"
    known, stranger = doors.authority.issue("codes"), other.issue("codes")
    file.write_bytes(known.read_bytes())
    return Rotation(
        doors.with_certificate(file),
        lambda: file.write_bytes(stranger.read_bytes()),
        lambda: file.write_bytes(doors.authority.issue("codes-next").read_bytes()),
    )


def authorities(doors: Doors, folder: Path, other: Authority) -> Rotation:
    """The authorities that this side trusts."""
    file = folder / "authorities.pem"
    both = doors.authority.file.read_bytes() + other.file.read_bytes()
    file.write_bytes(doors.authority.file.read_bytes())
    return Rotation(
        doors.at("TLS", ca_file=str(file)),
        lambda: file.write_bytes(other.file.read_bytes()),
        lambda: file.write_bytes(both),
    )


def token(doors: Doors, folder: Path, _: Authority) -> Rotation:
    """A token that another program fetches."""
    file = folder / "token"
    file.write_text(doors.issuer.token())
    return Rotation(
        doors.with_tokens(oauth_token_file=str(file)),
        lambda: file.write_text(doors.issuer.token(life_s=-5)),
        lambda: file.write_text(doors.issuer.token()),
    )


def client_secret(doors: Doors, folder: Path, _: Authority) -> Rotation:
    """The secret for the token endpoint; with tokens so short that each connection requests another one."""
    file = folder / "secret"
    file.write_text(doors.issuer.secret)
    login = {"oauth_token_url": doors.issuer.url, "oauth_client_id": "codes", "oauth_client_secret_file": str(file)}

    def replace() -> None:
        doors.issuer.secret = "the next secret"
        file.write_text(doors.issuer.secret)

    doors.issuer.life_s = 1.0
    return Rotation(doors.with_tokens(**login), lambda: file.write_text("wrong"), replace)


ALL = [password, directory, certificate, authorities, token, client_secret]


@pytest.fixture
def as_before(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test changes at the identity provider is undone."""
    for name in ("life_s", "secret"):
        monkeypatch.setattr(doors.issuer, name, getattr(doors.issuer, name))


@pytest.mark.parametrize("rotated", ALL)
async def test_what_is_replaced_is_used_without_a_restart(
    doors: Doors,
    tmp_path: Path,
    as_before: None,
    monkeypatch: pytest.MonkeyPatch,
    rotated: Callable[[Doors, Path, Authority], Rotation],
) -> None:
    """The same options, from which a role makes all of its clients."""
    monkeypatch.setattr("ops.broker.token_endpoint.RENEWED_AT", 0.0)
    rotation = rotated(doors, tmp_path, Authority(tmp_path / "other", "other"))
    options = client_options(load_settings(rotation.environment).kafka)
    async with idempotent_producer(options):
        pass

    rotation.spoil()
    with pytest.raises(KafkaConnectionError):  # it had access, so it is retried
        async with idempotent_producer(options):
            pass

    rotation.replace()
    async with idempotent_producer(options):
        pass
