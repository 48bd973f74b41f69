"""What a schema registry answered, and what an error of it means.

In:       statuses and bodies.
Out:      `Answer`s that hold what was asked for, or `RegistryRefused` and `RegistryUnavailable`. Pure.
Promise:  a message of the registry is one short line of printable characters.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson

from schemas.errors import RegistryRefused, RegistryUnavailable

KNOWN_NOT_FOUND: Final = range(40_401, 40_500)
"""The API's codes of a subject, version, schema or level that does not exist. Any other 404 is of another server."""
LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
MESSAGE_CHARACTERS_MAX: Final = 300
MESSAGES_MAX: Final = 20
WHOLE_SCHEMA: Final = "{oldSchema:"
"""Begins a message of Confluent's that repeats the schema which is registered."""
NO_REASON: Final = "the registry gives no reason"
LOGIN_REMEDY: Final = (
    "Check CODES_REGISTRY__USERNAME and CODES_REGISTRY__PASSWORD, or CODES_REGISTRY__TOKEN, and the rights on the "
    "subjects."
)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None if it is not JSON."""

    status: int
    body: Any

    @property
    def error_code(self) -> int | None:
        code = self.body.get("error_code") if isinstance(self.body, dict) else None
        return code if isinstance(code, int) else None

    def number(self, name: str) -> int:
        return self._field(name, int)

    def text(self, name: str) -> str:
        return self._field(name, str)

    def flag(self, name: str) -> bool:
        return self._field(name, bool)

    def _field(self, name: str, kind: type[T]) -> T:
        found = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(found, kind):
            raise RegistryRefused(f"the address does not answer like a schema registry: no {name}")
        return found


def json_of(content: bytes) -> Any:  # noqa: ANN401  # any JSON
    """The content of an answer; None if it is not JSON."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def checked(answer: Answer) -> Answer:
    """The answer, if it is one that the caller expects: success, a conflict, or something that does not exist.

    Raises:
        RegistryRefused: it refuses the login or the schema, or is no registry.
        RegistryUnavailable: it cannot answer now.
    """
    status = answer.status
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        why = RegistryRefused(f"the schema registry refuses the login (status {status}: {said(answer)})")
        why.remedy = LOGIN_REMEDY
        raise why
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in LATER:
        raise RegistryUnavailable(f"the schema registry cannot answer now (status {status}: {said(answer)})")
    if status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT or answer.error_code in KNOWN_NOT_FOUND:
        return answer
    if status == HTTPStatus.NOT_FOUND or status < HTTPStatus.BAD_REQUEST:
        raise RegistryRefused(f"the address does not answer like a schema registry (status {status})")
    raise RegistryRefused(f"the schema registry refuses the request (status {status}: {said(answer)})")


def said(answer: Answer) -> str:
    """The registry's own words."""
    message = answer.body.get("message") if isinstance(answer.body, dict) else None
    return shortened(message) if isinstance(message, str) else NO_REASON


def messages_in(answer: Answer) -> list[str]:
    """Why a schema is incompatible; at least one line. Apicurio has one `reason`, the others have `messages`."""
    found = answer.body.get("messages") or [answer.body.get("reason")]
    messages = [shortened(text) for text in found if isinstance(text, str) and not text.startswith(WHOLE_SCHEMA)]
    return messages[:MESSAGES_MAX] or [NO_REASON]


def shortened(text: str) -> str:
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= MESSAGE_CHARACTERS_MAX else f"{line[:MESSAGE_CHARACTERS_MAX]}..."
