"""A schema registry over HTTP, with Confluent's API (also that of Karapace, Redpanda, and Apicurio under ccompat).

In:       the settings; subjects and schemas.
Out:      versions, levels, and what the registry says against a schema.
Promise:  no error holds a credential. Redirects are not followed: they would take the credentials elsewhere.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import aiohttp
import orjson

from ops.broker.tls import trusting
from ops.registry.answers import Answer, checked, json_of, messages_in, said
from schemas.errors import RegistryRefused, RegistryUnavailable
from schemas.registry_settings import RegistrySettings

CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
ACCEPTED: Final = f"{CONTENT_TYPE}, application/json"
ANSWER_BYTES_MAX: Final = 4_194_304
PIECE_BYTES: Final = 65_536
LOOKS_MAX: Final = 25
LOOK_AGAIN_S: Final = 0.2
ANY: Final = "NONE"
"""The level at which every schema is accepted."""


class Registered(NamedTuple):
    """A schema that the registry has."""

    version: int
    schema_id: int


class Registry:
    """One registry. Its methods raise RegistryUnavailable and RegistryRefused, as `checked` says."""

    def __init__(self, settings: RegistrySettings, session: aiohttp.ClientSession) -> None:
        self._url = (settings.url or "").rstrip("/")
        self._session = session

    async def find(self, subject: str, schema: str) -> Registered | None:
        """The version with this schema."""
        answer = await self._ask("POST", f"/subjects/{quote(subject, safe='')}", value_schema(schema))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return Registered(answer.number("version"), answer.number("id"))

    async def has(self, subject: str) -> bool:
        """Whether the subject has any version."""
        answer = await self._ask("GET", f"/subjects/{quote(subject, safe='')}/versions")
        return answer.status != HTTPStatus.NOT_FOUND and bool(answer.body)

    async def level(self, subject: str) -> str | None:
        """The subject's own compatibility level."""
        answer = await self._ask("GET", f"/config/{quote(subject, safe='')}")
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.text("compatibilityLevel")

    async def set_level(self, subject: str, level: str) -> None:
        answer = await self._ask("PUT", f"/config/{quote(subject, safe='')}", {"compatibility": level})
        if answer.status == HTTPStatus.NOT_FOUND:
            raise RegistryRefused(f"{subject}: no compatibility level can be set ({said(answer)})")

    async def problems(self, subject: str, schema: str) -> list[str]:
        """What is incompatible with the latest version, at the subject's level; empty if nothing is."""
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions/latest?verbose=true"
        answer = await self._ask("POST", path, value_schema(schema))
        if answer.status == HTTPStatus.NOT_FOUND or answer.flag("is_compatible"):
            return []
        return messages_in(answer)

    async def register(self, subject: str, schema: str) -> Registered:
        """Add a version, unless the subject has this schema.

        Raises:
            RegistryRefused: also if the schema is incompatible.
        """
        answer = await self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", value_schema(schema))
        if answer.status in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            raise RegistryRefused(f"{subject}: {said(answer)}")
        return Registered(await self._version(subject, schema), answer.number("id"))

    async def _version(self, subject: str, schema: str) -> int:
        """The version of a schema that was just accepted. A follower of the registry may not have read it yet."""
        for _ in range(LOOKS_MAX):
            found = await self.find(subject, schema)
            if found is not None:
                return found.version
            await asyncio.sleep(LOOK_AGAIN_S)
        raise RegistryUnavailable(f"{subject}: the registry accepted the schema, and does not show it")

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._session.request(method, self._url + path, data=data, allow_redirects=False) as response:
                content = await bounded(response.content)
        except aiohttp.ClientConnectorCertificateError:
            raise refused_certificate() from None
        except (aiohttp.ClientError, TimeoutError, OSError) as why:
            raise RegistryUnavailable(f"the schema registry is unavailable ({type(why).__name__})") from None
        return checked(Answer(response.status, json_of(content)))


def refused_certificate() -> RegistryRefused:
    why = RegistryRefused("the schema registry's certificate is not accepted")
    why.remedy = "Check CODES_REGISTRY__CA_FILE, and the host in CODES_REGISTRY__URL."
    return why


def value_schema(schema: str) -> dict[str, str]:
    """A schema as the API takes it."""
    return {"schemaType": "JSON", "schema": schema}


async def bounded(content: aiohttp.StreamReader) -> bytes:
    """The whole answer, unless it is longer than any that the API gives."""
    read = bytearray()
    async for piece in content.iter_chunked(PIECE_BYTES):
        read += piece
        if len(read) > ANSWER_BYTES_MAX:
            raise RegistryRefused(f"the schema registry's answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(read)


@asynccontextmanager
async def connected(settings: RegistrySettings) -> AsyncIterator[Registry]:
    """A registry with one session.

    Raises:
        SettingsInvalid: the file of authorities cannot be used.
    """
    connector = aiohttp.TCPConnector(ssl=trusting(settings.ca_file, "CODES_REGISTRY__CA_FILE"))
    timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers_of(settings)) as session:
        yield Registry(settings, session)


def headers_of(settings: RegistrySettings) -> dict[str, str]:
    headers = {"Accept": ACCEPTED, "Content-Type": CONTENT_TYPE}
    if settings.token is not None:
        headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
    elif settings.username is not None and settings.password is not None:
        login = f"{settings.username}:{settings.password.get_secret_value()}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return headers
