"""How fast running imports go: their progress events of the last minute, read from `imports.v1`.

In:       the documents of imports.
Out:      a `Pace` for each running import that has events: rows a second and the time left are those of the page,
          of `codes top` and of `codes publish import --wait`.
Promise:  worth a few seconds: without Kafka there are no paces. Nothing is read if no import runs.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from handlers.inventory.pace import WINDOW_S, Pace, Sample
from ops.broker.reading import kafka_errors, topic_reader
from ops.settings.load import Settings
from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError
from schemas.events import ImportProgressed
from schemas.records import IncomingRecord
from schemas.topics import IMPORTS, Topics

READ_S_MAX: Final = 5.0
LOOK_BACK: Final = timedelta(hours=1)
"""An import without an event for so long goes at no pace."""


async def paces_of(settings: Settings, documents: Iterable[ImportDocument], now: datetime) -> Mapping[str, Pace]:
    """By import; none of an import that has ended, or whose events cannot be read."""
    running = {document.id: document.changed_at for document in documents if document.state == "running"}
    if not running:
        return {}
    since = max(min(running.values()), now - LOOK_BACK) - timedelta(seconds=WINDOW_S)
    paces: dict[str, Pace] = {import_id: Pace() for import_id in running}
    try:
        async with asyncio.timeout(READ_S_MAX):
            await read_into(paces, settings, since)
    except (CodeServiceError, TimeoutError):
        return {}
    return paces


async def read_into(paces: Mapping[str, Pace], settings: Settings, since: datetime) -> None:
    """Read the events from this time on.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
    """
    topic = Topics(settings.topics.prefix).full(IMPORTS)
    async with topic_reader(settings, [topic]) as reader:
        with kafka_errors(settings.kafka):
            reader.start_at(await reader.since(int(since.timestamp() * 1_000)))
            async with aclosing(reader.until(await reader.ends())) as batches:
                async for batch in batches:
                    for record in batch:
                        take(paces, record)


def take(paces: Mapping[str, Pace], record: IncomingRecord) -> None:
    """Add an event to the pace of its import, if that runs."""
    try:
        event = ImportProgressed.model_validate_json(record.value or b"")
    except ValidationError:
        return
    if event.import_id in paces and event.state == "running":
        paces[event.import_id].add(Sample(event.at.timestamp(), event.rows_read, event.bytes_read))
