"""The OpenAPI 3.1 document, generated from the routes and the models of their responses.

In:   `Route`s.
Out:  the document, ready to be written as JSON.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from ops.version import service_version
from web.models import Problem

REF: Final = "#/components/schemas/{model}"
BEARER: Final = "bearer"
PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
DENIALS: Final[Mapping[str, str]] = {
    "401": "The token is missing, expired, unsigned, for another audience, or signed with an unknown key.",
    "403": "The token is valid, but has no claim that gives access here.",
}
FILE_TYPES: Final = ("text/csv", "application/gzip")
BINARY: Final = {"type": "string", "format": "binary"}
TOO_MANY: Final[Mapping[str, str]] = {
    "429": "The limit of open streams per token is reached.",
    "503": "The limit of open streams per process is reached.",
}
REFUSED_MARKS: Final[Mapping[str, str]] = {
    "400": "The body is invalid.",
    "404": "Nothing that needs attention has this key.",
    "503": "Kafka does not take the mark.",
}


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    serve: Callable[[web.Request], Awaitable[web.StreamResponse]]
    summary: str
    answers: type[BaseModel] | None
    """None: a stream of events."""
    query: type[BaseModel] | None = None
    open: bool = False
    """Needs no token."""
    absent: str = "The campaign does not exist."
    """Meaning of 404, if the path has a parameter."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Further statuses and their meanings."""
    body: type[BaseModel] | None = None
    """Of a POST; without a body or a file, the route is a GET."""
    narrows: bool = False
    """Whether it answers only what `web.access` lets the viewer see; others need a token for all campaigns."""
    takes_file: bool = False
    """The body is a CSV file."""
    gives: str | None = None
    """Content type of an answer that is no JSON."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.takes_file or self.body is not None else "GET"


def narrowing(*routes: Route) -> tuple[Route, ...]:
    """Routes whose answers are narrowed to the viewer's campaigns."""
    return tuple(replace(route, narrows=True) for route in routes)


def document(routes: Iterable[Route]) -> dict[str, Any]:
    listed = list(routes)
    bodies = {route.body for route in listed if route.body is not None}
    models = {route.answers for route in listed if route.answers is not None} | bodies | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "serialization") for model in ordered], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "code-service inventory", "version": service_version()},
        "security": [{BEARER: []}],
        "paths": {route.path: {route.method.lower(): operation(route)} for route in listed},
        "components": {
            "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas["$defs"],
        },
    }


def operation(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": route.summary, "content": content_of(route)}}
    if route.query is not None:
        responses["400"] = problem("A parameter is invalid.")
    if "{" in route.path:
        responses["404"] = problem(route.absent)
    if route.body is not None:
        responses |= {status: problem(description) for status, description in REFUSED_MARKS.items()}
    if not route.open:
        responses |= {status: problem(description) for status, description in DENIALS.items()}
    if route.answers is None and route.gives is None and not route.open:
        responses |= {status: problem(description) for status, description in TOO_MANY.items()}
    responses |= {status: problem(description) for status, description in route.failures.items()}
    security: dict[str, list[str]] = {"security": []} if route.open else {}
    return {
        "summary": route.summary,
        "parameters": parameters(route),
        **body_of(route),
        "responses": responses,
        **security,
    }


def body_of(route: Route) -> dict[str, Any]:
    """What the request has as its body, if it has one."""
    if route.takes_file:
        return {"requestBody": {"required": True, "content": {kind: {"schema": BINARY} for kind in FILE_TYPES}}}
    return {} if route.body is None else {"requestBody": {"required": True, "content": json_of(route.body)}}


def json_of(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}


def content_of(route: Route) -> dict[str, Any]:
    if route.answers is not None:
        return json_of(route.answers)
    if route.gives is not None:
        return {route.gives: {"schema": BINARY}}
    kind = "application/json" if route.open else "text/event-stream"
    return {kind: {"schema": {"type": "object" if route.open else "string"}}}


def problem(description: str) -> dict[str, Any]:
    """An error response."""
    schema = {"$ref": REF.format(model=Problem.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def parameters(route: Route) -> list[dict[str, Any]]:
    """Path and query parameters."""
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PATH_PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        described = TypeAdapter(route.query).json_schema()
        required = described.get("required", ())
        for name, schema in described["properties"].items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": schema})
    return found
