"""An import that nobody goes on with: its document says `running`, and its command has been answered or is gone.

In:       an import's id.
Out:      whether the importer still has its command before it.
Promise:  nothing is written. If an import ends in this very moment it may be taken for unfinished; its command sent
          again only gets its end event again.

Left behind where an operator moved the group's offsets past a command, where a topic was made anew, and by early
builds when the database refused something in the midst of an import.
"""

from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from aiokafka import TopicPartition

from ops.broker.reading import kafka_errors, topic_reader
from ops.broker.records import fields_of
from ops.broker.topics import admin_client
from ops.settings.load import Settings
from schemas.documents import ImportDocument
from schemas.groups import IMPORTER_GROUP
from schemas.requests import ImportCommand
from schemas.topics import IMPORT, Topics

QUIET_S: Final = 30
"""An import that has written something within so many seconds is under way."""


def is_quiet(document: ImportDocument, *, now: datetime) -> bool:
    """Whether an import that runs has not moved for a while."""
    return document.state == "running" and (now - document.changed_at).total_seconds() > QUIET_S


def same_command(document: ImportDocument) -> ImportCommand:
    """The command that an import was begun by: sent again, the importer goes on with it."""
    return ImportCommand.model_validate({**fields_again(document), "request_id": document.id})


def fields_again(document: ImportDocument) -> dict[str, Any]:
    """What a command must say to load the same once more, its id aside."""
    return document.model_dump(include={"campaign_id", "bucket", "key", "version_id", "code_type"})


async def is_awaited(settings: Settings, import_id: str) -> bool:
    """Whether a command of this import stands where the importer has not come to yet, or is working.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
    """
    topic = Topics(settings.topics.prefix).full(IMPORT)
    committed = await committed_offsets(settings)
    async with topic_reader(settings, [topic]) as reader:
        with kafka_errors(settings.kafka):
            beginnings, ends = await reader.beginnings(), await reader.ends()
            reader.start_at({source: max(first, committed.get(source, 0)) for source, first in beginnings.items()})
            async with aclosing(reader.until(ends)) as pieces:
                async for piece in pieces:
                    if any(fields_of(record.value).get("request_id") == import_id for record in piece):
                        return True
    return False


async def committed_offsets(settings: Settings) -> Mapping[TopicPartition, int]:
    """The next offsets of the importer's group."""
    async with admin_client(settings) as admin:
        known = await admin.list_consumer_group_offsets(settings.kafka.group_prefix + IMPORTER_GROUP)
    return {source: offset.offset for source, offset in known.items()}
