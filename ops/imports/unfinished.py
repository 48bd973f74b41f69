"""Detects interrupted imports: the document has the state `running`, but no importer will continue it.

In:       an import's id.
Out:      whether the importer still has a command for it; the import, if it was interrupted.
Promise:  nothing is written. An import that ends at this moment may be reported as interrupted; sending its command
          again then only repeats its end event.

Causes: an operator moved the group's offsets past the command, the topic was recreated, or an early build met a
refused write in the middle of an import.
"""

from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from aiokafka import TopicPartition

from ops.broker.reading import kafka_errors, topic_reader
from ops.broker.records import fields_behind_prefix
from ops.broker.topics import admin_client
from ops.settings.load import Settings
from schemas.clock import utc_now
from schemas.documents import ImportDocument
from schemas.groups import IMPORTER_GROUP
from schemas.requests import ImportCommand
from schemas.topics import IMPORT, Topics
from stores.mongo.import_desk import ImportDesk

QUIET_S: Final = 30
"""Seconds without progress after which an import may be interrupted."""


def is_quiet(document: ImportDocument, *, now: datetime) -> bool:
    """Whether a running import has made no progress for a while."""
    return document.state == "running" and (now - document.changed_at).total_seconds() > QUIET_S


def resume_command(document: ImportDocument) -> ImportCommand:
    """The command that started an import. If it is sent again, the importer resumes the import."""
    return ImportCommand.model_validate({**command_fields(document), "request_id": document.id})


def command_fields(document: ImportDocument) -> dict[str, Any]:
    """The fields of a command that imports the same object, without its id."""
    return document.model_dump(include={"campaign_id", "bucket", "key", "version_id", "code_type"})


async def unfinished_import(settings: Settings, desk: ImportDesk, import_id: str) -> ImportDocument | None:
    """The import, if its document has the state `running` but the importer has no command for it.

    Raises:
        StoreUnavailable: MongoDB gave no answer.
        TopicMissing, BrokerUnavailable, KafkaRefused: see `has_command`.
    """
    found = await desk.find(import_id)
    if found is None or not is_quiet(found, now=utc_now()) or await has_command(settings, import_id):
        return None
    found = await desk.find(import_id)  # it may have ended while its command was searched for
    return found if found is not None and found.state == "running" else None


async def has_command(settings: Settings, import_id: str) -> bool:
    """Whether the importer has yet to finish a command of this import.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
    """
    topic = Topics(settings.topics.prefix).full(IMPORT)
    committed = await committed_offsets(settings)
    async with topic_reader(settings, [topic]) as reader:
        with kafka_errors(settings.kafka):
            beginnings, ends = await reader.beginnings(), await reader.ends()
            reader.start_at({source: max(first, committed.get(source, 0)) for source, first in beginnings.items()})
            async with aclosing(reader.until(ends)) as batches:
                async for batch in batches:
                    if any(fields_behind_prefix(record.value).get("request_id") == import_id for record in batch):
                        return True
    return False


async def committed_offsets(settings: Settings) -> Mapping[TopicPartition, int]:
    """Committed offsets of the importer's group."""
    async with admin_client(settings) as admin:
        known = await admin.list_consumer_group_offsets(settings.kafka.group_prefix + IMPORTER_GROUP)
    return {source: offset.offset for source, offset in known.items()}
