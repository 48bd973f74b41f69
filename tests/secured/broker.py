"""One broker with a listener for each kind of login, and an authorizer: started once for all tests of this folder.

Out: `Doors`: the address of each listener, and the settings of a client that may enter.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

from devstack import kafka
from devstack.folder import Layout, layout_of
from devstack.kafka_settings import Listener, Secured
from devstack.ports import HOST, choose
from devstack.recipe import Recipe
from tests.secured.certificates import Authority
from tests.secured.issuing import AUDIENCE, Issuer, an_issuer, key_file

START_S: Final = 90.0
USER: Final = "codes"
"""May do everything, as the anonymous user of the plain listener may."""
NEXT_USER: Final = "codes-next"
"""The same, for rotations."""
PASSWORD: Final = "the password of tests"
NEXT_PASSWORD: Final = "the next password"
LIMITED: Final = (
    "codes-worker",
    "codes-importer",
    "codes-expirer",
    "codes-inventory",
    "codes-migrate",
    "codes-sender",
    "codes-reader",
    "codes-replayer",
    "codes-rehearser",
)
"""May do what the rules allow."""
LISTENERS: Final = {
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
    "PASSWORDS": "SASL_PLAINTEXT",
    "TOKENS": "SASL_SSL",
}
CLASSES: Final = "org.apache.kafka.common.security"
BEARER: Final = f"{CLASSES}.oauthbearer.OAuthBearer"


@dataclass(frozen=True)
class Doors:
    """The running broker."""

    open: str
    """The plain listener, for a test's own clients."""
    ports: dict[str, int]
    authority: Authority
    issuer: Issuer

    def at(self, listener: str, **settings: str) -> dict[str, str]:
        """The variables of a client of this listener."""
        own = {f"CODES_KAFKA__{name.upper()}": value for name, value in settings.items()}
        secured = {
            "CODES_KAFKA__BOOTSTRAP_SERVERS": f"{HOST}:{self.ports[listener]}",
            "CODES_KAFKA__SECURITY_PROTOCOL": LISTENERS[listener],
        }
        trust = {} if listener == "PASSWORDS" else {"CODES_KAFKA__CA_FILE": str(self.authority.file)}
        return secured | trust | own

    def with_password(self, mechanism: str = "PLAIN", user: str = USER, password: str = PASSWORD) -> dict[str, str]:
        """A user's login."""
        return self.at("PASSWORDS", sasl_mechanism=mechanism, sasl_username=user, sasl_password=password)

    def with_certificate(self, file: Path) -> dict[str, str]:
        """Mutual TLS."""
        return self.at("MUTUAL", client_cert_file=str(file), client_key_file=str(file))

    def with_tokens(self, **settings: str) -> dict[str, str]:
        """OAUTHBEARER; by default with client credentials."""
        source = {
            "oauth_token_url": self.issuer.url,
            "oauth_client_id": "codes",
            "oauth_client_secret": self.issuer.secret,
        }
        return self.at("TOKENS", sasl_mechanism="OAUTHBEARER", **(settings or source))


@contextmanager
def a_secured_broker(folder: Path) -> Iterator[Doors]:
    """The broker, with an identity provider beside it."""
    authority = Authority(folder / "certificates")
    with an_issuer() as issuer:
        ports = choose(("broker", "controller", *LISTENERS), {})
        recipe = asyncio.run(_prepared(folder, ports, _secured(folder, ports, authority)))
        with (folder / "kafka.log").open("wb") as log, _running(recipe, log) as process:
            _until_ready(recipe, process, folder)
            yield Doors(f"{HOST}:{ports['broker']}", ports, authority, issuer)


async def _prepared(folder: Path, ports: dict[str, int], secured: Secured) -> Recipe:
    layout = Layout(folder)
    if layout_of(None).class_path.is_file():
        shutil.copy(layout_of(None).class_path, layout.class_path)
    own = {name: ports[name] for name in ("broker", "controller")}
    return (await kafka.prepare(layout, {"kafka": own}, print, secured)).recipes["kafka"]


@contextmanager
def _running(recipe: Recipe, log: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(recipe.command, cwd=recipe.folder, stdout=log, stderr=log)  # noqa: S603  # made above
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _until_ready(recipe: Recipe, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + START_S
    while not asyncio.run(_answers(recipe)):
        assert process.poll() is None, (folder / "kafka.log").read_text()[-3000:]
        assert time.monotonic() < end, (folder / "kafka.log").read_text()[-3000:]
        time.sleep(0.1)


async def _answers(recipe: Recipe) -> bool:
    return await recipe.answers()


def _secured(folder: Path, ports: dict[str, int], authority: Authority) -> Secured:
    own = {
        "TLS": _tls(authority, "valid"),
        "MUTUAL": {**_tls(authority, "mutual"), **_client_certificates(authority)},
        "EXPIRED": _tls(authority, "expired", lives=timedelta(days=-1)),
        "ELSEWHERE": _tls(authority, "elsewhere", host="kafka.example"),
        "PASSWORDS": _passwords(),
        "TOKENS": {**_tls(authority, "tokens"), **_tokens(key_file(folder))},
    }
    keys = (folder / "jwks.json").as_uri()
    users = {USER: PASSWORD, NEXT_USER: NEXT_PASSWORD}
    scram = [
        option
        for name, password in users.items()
        for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for option in ("--add-scram", f"{kind}=[name={name},password={password}]")
    ]
    return Secured(
        listeners=tuple(Listener(name, LISTENERS[name], ports[name], own[name]) for name in LISTENERS),
        format_options=tuple(scram),
        settings={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{USER};User:{NEXT_USER}",
        },
        jvm=(f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys}",),
    )


def _tls(authority: Authority, name: str, **issued: object) -> dict[str, str]:
    file = authority.issue(name, **issued)  # type: ignore[arg-type]  # passed on
    return {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(file), "ssl.truststore.type": "PEM"}


def _client_certificates(authority: Authority) -> dict[str, str]:
    return {
        "ssl.client.auth": "required",
        "ssl.truststore.location": str(authority.file),
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
    }


def _passwords() -> dict[str, str]:
    users = {USER: PASSWORD, NEXT_USER: NEXT_PASSWORD, **dict.fromkeys(LIMITED, PASSWORD)}
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    scram = f"{CLASSES}.scram.ScramLoginModule required;"
    return {
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "plain.sasl.jaas.config": f"{CLASSES}.plain.PlainLoginModule required {known};",
        "scram-sha-256.sasl.jaas.config": scram,
        "scram-sha-512.sasl.jaas.config": scram,
    }


def _tokens(keys: Path) -> dict[str, str]:
    return {
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "oauthbearer.sasl.jaas.config": f"{BEARER}LoginModule required;",
        "oauthbearer.sasl.server.callback.handler.class": f"{BEARER}ValidatorCallbackHandler",
        "oauthbearer.connections.max.reauth.ms": "3600000",
        "sasl.oauthbearer.jwks.endpoint.url": keys.as_uri(),
        "sasl.oauthbearer.expected.audience": AUDIENCE,
        "sasl.oauthbearer.clock.skew.seconds": "0",
    }
