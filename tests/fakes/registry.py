"""A schema registry in memory, with Confluent's API and its error codes.

Out:      `FakeRegistry`; `serving`, which answers on a port from a thread of its own.
Promise:  versions count from 1 within a subject; a schema has the same id under all subjects; a schema that is
          registered again keeps its version.
"""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.registry_rules import differences

LEVELS: Final = (
    "NONE",
    "BACKWARD",
    "FORWARD",
    "FULL",
    *(f"{name}_TRANSITIVE" for name in ("BACKWARD", "FORWARD", "FULL")),
)
CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"


def error(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"error_code": code, "message": message}, status=status, content_type=CONTENT_TYPE)


def answer(body: Any) -> web.Response:
    return web.json_response(body, content_type=CONTENT_TYPE)


@dataclass
class FakeRegistry:
    level: str = "BACKWARD"
    """Of subjects without their own."""
    levels: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[str]] = field(default_factory=dict)
    """Schemas by subject, as text that is equal for equal schemas."""
    ids: list[str] = field(default_factory=list)
    authorization: str | None = None
    """The header that every request must have."""
    failure: web.Response | None = None
    """The answer to every request."""
    read_only: bool = False
    unseen: int = 0
    """Lookups after a registration that a follower answers, which has not read it yet."""
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._middleware])
        app.router.add_post("/subjects/{subject}", self._find)
        app.router.add_get("/subjects/{subject}/versions", self._list)
        app.router.add_post("/subjects/{subject}/versions", self._register)
        app.router.add_get("/config/{subject}", self._level)
        app.router.add_put("/config/{subject}", self._set_level)
        app.router.add_post("/compatibility/subjects/{subject}/versions/latest", self._compare)
        return app

    @property
    def writes(self) -> list[str]:
        """Requests that change something."""
        return [asked for asked in self.asked if asked.startswith("PUT") or asked.endswith("/versions")]

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not (request.method == "GET" and request.path.endswith("/versions")):
            self.asked.append(f"{request.method} {request.path}")
        if self.failure is not None:
            return web.Response(status=self.failure.status, body=self.failure.body, headers=self.failure.headers)
        if self.authorization is not None and request.headers.get("Authorization") != self.authorization:
            return error(401, 401, "Unauthorized")
        found: web.StreamResponse = await handler(request)
        return found

    async def _schema(self, request: web.Request) -> str:
        """Raises 422 for what is no JSON Schema."""
        body = await request.json()
        assert "JSON" == body["schemaType"]
        try:
            return json.dumps(json.loads(body["schema"]))
        except ValueError:
            text = json.dumps({"error_code": 42201, "message": "Invalid schema"})
            raise web.HTTPUnprocessableEntity(text=text, content_type=CONTENT_TYPE) from None

    async def _find(self, request: web.Request) -> web.Response:
        subject, schema = request.match_info["subject"], await self._schema(request)
        known = self.versions.get(subject)
        self.unseen -= 1 if (is_unseen := self.unseen > 0 and known is not None) else 0
        if known is None or is_unseen:
            return error(404, 40401, f"Subject '{subject}' not found.")
        if schema not in known:
            return error(404, 40403, "Schema not found")
        ids = {"id": self.ids.index(schema) + 1, "version": known.index(schema) + 1}
        return answer({"subject": subject, "schemaType": "JSON", "schema": schema, **ids})

    async def _list(self, request: web.Request) -> web.Response:
        known = self.versions.get(request.match_info["subject"])
        return error(404, 40401, "Subject not found.") if known is None else answer(list(range(1, len(known) + 1)))

    async def _register(self, request: web.Request) -> web.Response:
        subject, schema = request.match_info["subject"], await self._schema(request)
        if self.read_only:
            return error(422, 42205, f"Subject {subject} is in read-only mode")
        known = self.versions.setdefault(subject, [])
        if schema not in known:
            if problems := self._problems(subject, schema):
                return error(409, 409, f"Schema being registered is incompatible; details: {problems}")
            known.append(schema)
        self.ids += [] if schema in self.ids else [schema]
        return answer({"id": self.ids.index(schema) + 1})

    async def _level(self, request: web.Request) -> web.Response:
        subject = request.match_info["subject"]
        if subject not in self.levels:
            return error(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")
        return answer({"compatibilityLevel": self.levels[subject]})

    async def _set_level(self, request: web.Request) -> web.Response:
        level = (await request.json())["compatibility"]
        if level not in LEVELS:
            return error(422, 42203, "Invalid compatibility level")
        self.levels[request.match_info["subject"]] = level
        return answer({"compatibility": level})

    async def _compare(self, request: web.Request) -> web.Response:
        subject, schema = request.match_info["subject"], await self._schema(request)
        if not self.versions.get(subject):
            return error(404, 40402, "Version latest not found.")
        problems = self._problems(subject, schema)
        known = self.versions[subject]
        repeated = [f"{{oldSchemaVersion: {len(known)}}}", f"{{oldSchema: '{known[-1]}'}}"]
        return answer({"is_compatible": not problems, "messages": [*problems, *repeated] if problems else []})

    def _problems(self, subject: str, schema: str) -> list[str]:
        level = self.levels.get(subject, self.level)
        known = self.versions[subject] if level.endswith("_TRANSITIVE") else self.versions[subject][-1:]
        new = json.loads(schema)
        return [line for text in known for line in compared(level, json.loads(text), new)]


def compared(level: str, old: Any, new: Any) -> Sequence[str]:
    """What a level has against a new schema."""
    backward = differences(new, old) if level.startswith(("BACKWARD", "FULL")) else []
    forward = differences(old, new) if level.startswith(("FORWARD", "FULL")) else []
    return [*backward, *forward]


@contextmanager
def serving(registry: FakeRegistry, tls: SSLContext | None = None) -> Iterator[str]:
    """The address of the registry, which answers from a thread: a command has the event loop of this one."""
    scheme = "http" if tls is None else "https"
    loop, server = asyncio.new_event_loop(), TestServer(registry.app(), scheme=scheme)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start_server(ssl=tls), loop).result(10)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
