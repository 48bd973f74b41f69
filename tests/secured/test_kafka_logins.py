"""Logins to Kafka, each at a listener that demands it: with the right credentials, and with wrong ones."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.broker.topics import admin_client
from ops.exit_codes import Exit
from ops.settings.load import load_settings
from schemas.errors import AccessRefused, BrokerUnavailable
from tests.fakes.tokens import OTHER_KEY
from tests.secured.broker import Doors
from tests.secured.certificates import Authority
from tests.secured.entering import enter, refused_line

pytestmark = pytest.mark.integration

Login = Callable[[Doors, Path], dict[str, str]]
WRITTEN = {b"idempotent", b"transactional"}


def token_in_a_file(doors: Doors, folder: Path, **token: Any) -> dict[str, str]:
    """A token that somebody else has fetched."""
    (folder / "token").write_text(doors.issuer.token(**token) + "\n")
    return doors.with_tokens(oauth_token_file=str(folder / "token"))


def locked_key(doors: Doors, folder: Path) -> dict[str, str]:
    """A client certificate whose key has a password."""
    file = Authority(folder / "other", "other").issue("locked", password="the key's password")
    return {
        **doors.with_certificate(file),
        "CODES_KAFKA__CLIENT_KEY_PASSWORD": "the key's password",
    }


RIGHT: dict[str, Login] = {
    "tls": lambda doors, _: doors.at("TLS"),
    "mutual tls": lambda doors, _: doors.with_certificate(doors.authority.issue("codes")),
    "plain": lambda doors, _: doors.with_password("PLAIN"),
    "scram 256": lambda doors, _: doors.with_password("SCRAM-SHA-256"),
    "scram 512": lambda doors, _: doors.with_password("SCRAM-SHA-512"),
    "token endpoint": lambda doors, _: doors.with_tokens(),
    "token file": token_in_a_file,
}
EXPIRED = timedelta(days=-1)
WRONG: dict[str, tuple[Login, str]] = {
    "certificate expired": (lambda doors, _: doors.at("EXPIRED"), "not accepted: certificate has expired"),
    "another host": (lambda doors, _: doors.at("ELSEWHERE"), "certificate is not valid for '127.0.0.1'"),
    "unknown authority": (
        lambda doors, folder: doors.at("TLS", ca_file=str(Authority(folder / "other", "other").file)),
        "not accepted: unable to get local issuer certificate",
    ),
    "no client certificate": (lambda doors, _: doors.at("MUTUAL"), "check the client certificate"),
    "client certificate expired": (
        lambda doors, _: doors.with_certificate(doors.authority.issue("codes-old", lives=EXPIRED)),
        "check the client certificate",
    ),
    "stranger's certificate": (locked_key, "check the client certificate"),
    "plain": (lambda doors, _: doors.with_password("PLAIN", password="wrong"), "it refuses the login"),
    "scram 256": (lambda doors, _: doors.with_password("SCRAM-SHA-256", password="wrong"), "it refuses the login"),
    "scram 512": (lambda doors, _: doors.with_password("SCRAM-SHA-512", user="nobody"), "it refuses the login"),
    "mechanism": (
        lambda doors, _: doors.at(
            "TOKENS", sasl_mechanism="PLAIN", sasl_username="codes", sasl_password="the password of tests"
        ),
        "it does not offer this mechanism",
    ),
    "client secret": (
        lambda doors, _: doors.with_tokens(
            oauth_token_url=doors.issuer.url, oauth_client_id="codes", oauth_client_secret="wrong"
        ),
        "the token endpoint refuses the client credentials (invalid_client)",
    ),
    "token ended": (
        lambda doors, folder: token_in_a_file(doors, folder, life_s=-5),
        "it rejects the token (invalid_token)",
    ),
    "token of another issuer": (
        lambda doors, folder: token_in_a_file(doors, folder, key=OTHER_KEY),
        "it rejects the token (invalid_token)",
    ),
}


@pytest.mark.parametrize("login", RIGHT.values(), ids=RIGHT)
async def test_every_client_enters_with_the_right_login(doors: Doors, tmp_path: Path, login: Login) -> None:
    """Administration, both kinds of producers, a group's consumer, and the client that asks for versions."""
    assert WRITTEN == await enter(login(doors, tmp_path))


@pytest.mark.parametrize(("login", "reason"), WRONG.values(), ids=WRONG)
async def test_a_wrong_login_is_refused_with_its_reason(
    doors: Doors, tmp_path: Path, login: Login, reason: str
) -> None:
    """Not reported as an unavailable broker, which somebody would wait for."""
    settings = load_settings(login(doors, tmp_path))

    with pytest.raises(AccessRefused, match=r"^Kafka at 127\.0\.0\.1:") as refused:
        async with admin_client(settings):
            pass

    assert reason in str(refused.value)


@pytest.mark.parametrize("role", ["worker", "importer", "expirer", "inventory"])
async def test_a_role_that_is_refused_ends_with_one_line(
    doors: Doors, environment: dict[str, str], role: str
) -> None:
    """Also the inventory, whose clients Faust uses."""
    code, line = await refused_line({**environment, **doors.with_password("SCRAM-SHA-512", password="wrong")}, role)

    assert Exit.FAILED == code
    assert line.startswith("codes: Kafka at 127.0.0.1:")
    assert "it refuses the login" in line
    assert 1 == len(line.splitlines())


async def test_an_unavailable_token_endpoint_is_an_outage(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may answer again; the message names it, because the broker is available."""
    monkeypatch.setattr(doors.issuer, "status", 503)

    with pytest.raises(BrokerUnavailable, match="the token endpoint answered 503 without a token"):
        async with admin_client(load_settings(doors.with_tokens())):
            pass
