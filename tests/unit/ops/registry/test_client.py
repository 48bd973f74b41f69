"""Each answer of a registry that is no success is one line with its own exit code, and no line has a credential."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any, Final

import pytest
from aiohttp import web
from pydantic import SecretStr

from cli.exits import error_line, exit_code
from ops.exit_codes import Exit
from ops.registry.client import ANSWER_BYTES_MAX, Registry, connected, headers_of
from ops.settings.load import load_settings
from schemas.errors import RegistryRefused, RegistryUnavailable, SettingsInvalid
from schemas.registry_settings import RegistrySettings
from tests.fakes.registry import CONTENT_TYPE, FakeRegistry, error, serving
from tests.secured.certificates import Authority

SECRET: Final = "XYZZY-canary"
LOGIN: Final = {"username": "codes", "password": SecretStr(SECRET)}
SCHEMA: Final = '{"type": "object"}'


@asynccontextmanager
async def registry_of(fake: FakeRegistry, **more: Any) -> AsyncIterator[Registry]:
    with serving(fake) as url:
        async with connected(RegistrySettings(url=url, **more)) as registry:
            yield registry


@pytest.mark.parametrize(
    ("failure", "kind", "line"),
    [
        (error(401, 401, "Unauthorized"), RegistryRefused, "refuses the login (status 401: Unauthorized)"),
        (error(403, 40301, "Denied"), RegistryRefused, "refuses the login (status 403: Denied)"),
        (error(409, 409, "Incompatible"), RegistryRefused, "s-value: Incompatible"),
        (error(422, 42201, "Invalid\nschema"), RegistryRefused, "(status 422: Invalid schema)"),
        (error(429, 429, "Slow down"), RegistryUnavailable, "(status 429: Slow down)"),
        (error(500, 50001, "No leader"), RegistryUnavailable, "(status 500: No leader)"),
        (web.Response(status=503, text="<html>"), RegistryUnavailable, "gives no reason"),
        (web.Response(status=404, text="<html>"), RegistryRefused, "like a schema registry (status 404)"),
        (web.Response(status=200, text="<html>"), RegistryRefused, "like a schema registry: no version"),
        (web.HTTPFound("/elsewhere"), RegistryRefused, "like a schema registry (status 302)"),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
async def test_an_answer_that_is_no_success_is_one_line(
    failure: web.Response, kind: type[Exception], line: str
) -> None:
    """With the registry's own words, and the exit code of its kind."""
    async with registry_of(FakeRegistry(failure=failure), **LOGIN) as registry:
        with pytest.raises((RegistryRefused, RegistryUnavailable)) as raised:
            await registry.register("s-value", SCHEMA)

    code = Exit.FAILED if kind is RegistryRefused else Exit.UNREACHABLE
    assert (kind, code) == (raised.type, exit_code(raised.value))
    assert line in error_line(raised.value)
    assert "\n" not in error_line(raised.value)
    assert SECRET not in error_line(raised.value)


async def test_a_registry_that_does_not_answer_is_unavailable() -> None:
    """The line has the class of the error, and the exit code is that of other parts."""
    async with connected(RegistrySettings(url="http://127.0.0.1:1")) as registry:
        with pytest.raises(RegistryUnavailable, match=r"unavailable \(ClientConnectorError\)") as raised:
            await registry.find("s-value", SCHEMA)

    assert Exit.UNREACHABLE == exit_code(raised.value)


async def test_an_answer_without_end_is_refused() -> None:
    """An address that serves something else does not fill the memory."""
    endless = web.Response(body=b" " * (ANSWER_BYTES_MAX + 1), content_type=CONTENT_TYPE)
    async with registry_of(FakeRegistry(failure=endless)) as registry:
        with pytest.raises(RegistryRefused, match="longer than"):
            await registry.find("s-value", SCHEMA)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        (LOGIN, "Basic Y29kZXM6WFlaWlktY2FuYXJ5"),
        ({"token": SecretStr(SECRET)}, f"Bearer {SECRET}"),
    ],
)
async def test_credentials_are_sent(settings: Any, header: str) -> None:
    """A user name with its password, or a token."""
    async with registry_of(FakeRegistry(authorization=header), **settings) as registry:
        assert await registry.find("s-value", SCHEMA) is None


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    """As any variable; the end of the line is not part of it."""
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")

    settings = load_settings({"CODES_REGISTRY__TOKEN_FILE": str(file)})

    assert f"Bearer {SECRET}" == headers_of(settings.registry)["Authorization"]


async def test_only_a_certificate_of_the_named_authorities_is_accepted(tmp_path: Path) -> None:
    """No credentials are sent to any other server; the line names the setting."""
    authority, tls = Authority(tmp_path / "ca"), SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.issue("registry"))
    fake = FakeRegistry()
    with serving(fake, tls) as url:
        async with connected(RegistrySettings(url=url, ca_file=str(authority.file), **LOGIN)) as registry:
            assert await registry.find("s-value", SCHEMA) is None
        async with connected(RegistrySettings(url=url, **LOGIN)) as registry:
            with pytest.raises(RegistryRefused) as raised:
                await registry.find("s-value", SCHEMA)

    assert 1 == len(fake.asked)
    assert "CODES_REGISTRY__CA_FILE" in error_line(raised.value)


async def test_a_refused_login_names_the_settings() -> None:
    """And not those of another part."""
    async with registry_of(FakeRegistry(authorization="Bearer another")) as registry:
        with pytest.raises(RegistryRefused) as raised:
            await registry.find("s-value", SCHEMA)

    assert "CODES_REGISTRY__TOKEN" in error_line(raised.value)


async def test_authorities_that_cannot_be_read_are_a_wrong_setting() -> None:
    """The line names the variable."""
    with pytest.raises(SettingsInvalid, match="CODES_REGISTRY__CA_FILE: /none"):
        async with connected(RegistrySettings(url="https://registry.example", ca_file="/none")):
            pass


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"URL": "https://user:XYZZY-canary@registry"}, "CODES_REGISTRY__URL: "),
        ({"URL": "http://registry", "TOKEN": SECRET}, "CODES_REGISTRY__URL: credentials are sent to it"),
        ({"USERNAME": "codes"}, "CODES_REGISTRY__USERNAME and CODES_REGISTRY__PASSWORD: one without the other"),
        (
            {"USERNAME": "u", "PASSWORD": SECRET, "TOKEN": SECRET},
            "CODES_REGISTRY__USERNAME and CODES_REGISTRY__TOKEN",
        ),
    ],
)
def test_a_login_must_be_whole_and_encrypted(settings: dict[str, str], problem: str) -> None:
    """What contradicts is named by its variables, and no value is repeated."""
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({f"CODES_REGISTRY__{name}": value for name, value in settings.items()})

    assert str(raised.value).startswith(problem)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8081", "https://registry.example/apis/ccompat/v7"])
def test_a_login_needs_encryption_only_beyond_this_machine(url: str) -> None:
    """Loopback needs none."""
    settings = load_settings({"CODES_REGISTRY__URL": url, "CODES_REGISTRY__TOKEN": SECRET})

    assert url == settings.registry.url
