"""Finds the command and the id with which an import that has ended is retried.

In:       an import's id, as typed by the user.
Out:      its document, and the next free id.
Promise:  two users who retry at the same time get the same id and the same command, which is then executed once.
"""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError
from stores.mongo.import_desk import ImportDesk

RETRY: Final = re.compile(r"(?P<root>.+):[0-9]+")
FIRST_RETRY: Final = 2
"""The import itself is the first attempt."""


class NoSuchImport(CodeServiceError):
    """Its command is waiting for the importer, or was never sent. See `codes imports list`."""

    retriable: ClassVar[bool] = False


class StillRunning(CodeServiceError):
    """Only an import that has ended can be retried."""

    retriable: ClassVar[bool] = True

    def __init__(self, import_id: str) -> None:
        super().__init__(f"import {import_id} is running")
        self.remedy = f"Wait for its end, or cancel it: codes imports cancel {import_id}"


async def retry_target(desk: ImportDesk, import_id: str) -> tuple[ImportDocument, str]:
    """The import to retry, and the next free id.

    Raises:
        NoSuchImport: the import has not started, so there is nothing to retry.
        StillRunning: the import or one of its retries is still running.
    """
    document = await desk.find(import_id)
    if document is None:
        raise NoSuchImport(f"import {import_id} has not started")
    root = await root_of(desk, document)
    retries = await desk.retries(root)
    refuse_running({document.id: document.state, **retries})
    return document, next_id(root, retries)


async def root_of(desk: ImportDesk, document: ImportDocument) -> str:
    """If this is a retry, the id of the first import: the id before the colon, for the same object and campaign."""
    parts = RETRY.fullmatch(document.id)
    if parts is None:
        return document.id
    first = await desk.find(parts["root"])
    return document.id if first is None or source_and_target(first) != source_and_target(document) else first.id


def source_and_target(document: ImportDocument) -> tuple[str | None, ...]:
    return (document.campaign_id, document.code_type, document.bucket, document.key, document.version_id)


def refuse_running(states: Mapping[str, str | None]) -> None:
    """Raises StillRunning if one of these imports is running."""
    running = [import_id for import_id, state in states.items() if state == "running"]
    if running:
        raise StillRunning(running[0])


def next_id(root: str, taken: Iterable[str]) -> str:
    """`<root>:2` for the first retry, then `:3` and so on: one more than the highest number in use."""
    numbers = [int(import_id.removeprefix(f"{root}:")) for import_id in taken]
    return f"{root}:{max([FIRST_RETRY - 1, *numbers]) + 1}"
