"""An import that has ended, sent once more: which command that is, under which id.

In:       an import's id as a person types it.
Out:      its document, and the next free id.
Promise:  two people who ask at the same time get the same id and the same command, which is then done once.
"""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError
from stores.mongo.import_desk import ImportDesk

RETRY: Final = re.compile(r"(?P<root>.+):[0-9]+")
FIRST_RETRY: Final = 2
"""The import itself is the first try."""


class NoSuchImport(CodeServiceError):
    """Its command waits for the importer, or was never sent. Look at `codes imports list`."""

    retriable: ClassVar[bool] = False


class StillRunning(CodeServiceError):
    """An import is sent again only when it has ended. Wait for that, or cancel it: `codes imports cancel ID`."""

    retriable: ClassVar[bool] = True


async def command_again(desk: ImportDesk, import_id: str) -> tuple[ImportDocument, str]:
    """The import to be sent once more, and the next free id for that.

    Raises:
        NoSuchImport: it has not begun, so there is nothing to send again.
        StillRunning: it has not ended, or a retry of it has not.
    """
    document = await desk.find(import_id)
    if document is None:
        raise NoSuchImport(f"no import {import_id} has begun")
    root = await root_of(desk, document)
    retries = await desk.retries(root)
    refuse_running({document.id: document.state, **retries})
    return document, next_id(root, retries)


async def root_of(desk: ImportDesk, document: ImportDocument) -> str:
    """The first import's id if this one is a retry: of an import of the same object under the id before the colon."""
    parts = RETRY.fullmatch(document.id)
    if parts is None:
        return document.id
    first = await desk.find(parts["root"])
    return document.id if first is None or what(first) != what(document) else first.id


def what(document: ImportDocument) -> tuple[str | None, ...]:
    """What an import loads, and where to."""
    return (document.campaign_id, document.code_type, document.bucket, document.key, document.version_id)


def refuse_running(states: Mapping[str, str | None]) -> None:
    """Raises StillRunning if one of these imports is under way."""
    running = [import_id for import_id, state in states.items() if state == "running"]
    if running:
        raise StillRunning(f"import {running[0]} is running")


def next_id(root: str, taken: Iterable[str]) -> str:
    """`<root>:2` for the first retry, then `:3`, and so on, after the highest in use."""
    numbers = [int(one.removeprefix(f"{root}:")) for one in taken]
    return f"{root}:{max([FIRST_RETRY - 1, *numbers]) + 1}"
