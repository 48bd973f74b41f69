"""A `read_committed` reader of all output topics, which notes when it sees each record.

In:   the logs as the cluster shows them to such a reader.
Out:  `Reader`: all records with the instant they were seen; answers by request id.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.topics import IMPORTS, RESULTS
from tests.checking.history import Logged

READ_EVERY_S: Final = 0.25
ENDED: Final = frozenset({"completed", "failed"})

Visible = Callable[[], Iterable[Logged]]
"""What has become visible since the last call, in the order of each partition."""


@dataclass(eq=False, slots=True)
class Reader:
    """Lives as long as its history."""

    visible: Visible
    records: list[Logged] = field(default_factory=list)
    _answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    _imports: dict[str, dict[str, Any]] = field(default_factory=dict)
    _waiting: dict[str, list[asyncio.Event]] = field(default_factory=dict)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self.read()
            await asyncio.sleep(READ_EVERY_S)

    def read(self) -> None:
        """Take what has become visible."""
        for record in self.visible():
            self.records.append(record)
            if record.topic == RESULTS.name:
                self._take(self._answers, "request_id", record)
            elif record.topic == IMPORTS.name:
                self._take_import(record)

    async def answer(self, request_id: str) -> dict[str, Any]:
        """The first result of a request."""
        await self._wait(self._answers, request_id)
        return self._answers[request_id]

    async def import_ended(self, import_id: str) -> None:
        """Wait for the end of an import."""
        await self._wait(self._imports, import_id)

    async def _wait(self, known: dict[str, dict[str, Any]], name: str) -> None:
        if name not in known:
            event = asyncio.Event()
            self._waiting.setdefault(name, []).append(event)
            await event.wait()

    def _take_import(self, record: Logged) -> None:
        body = json.loads(record.value or b"{}")
        if body.get("state") in ENDED:
            self._take(self._imports, "import_id", record)

    def _take(self, known: dict[str, dict[str, Any]], field_name: str, record: Logged) -> None:
        body = json.loads(record.value or b"{}")
        name = body[field_name]
        known.setdefault(name, body)
        for event in self._waiting.pop(name, ()):
            event.set()
