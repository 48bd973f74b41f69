"""A whole deployment read into memory, if it fits there: for the demo and for tests.

In:       settings.
Out:      a `History`.
Promise:  read in the order that `audit.topics` promises, with limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import time

from audit.history import CodeRow, Database, History
from audit.topics import (
    EVERYTHING,
    IN_TOPICS,
    committed_offsets,
    in_topic_ends,
    is_served,
    read_in_topics,
    read_out_topics,
)
from ops.settings.load import Settings
from schemas.errors import CodeServiceError
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Contents, Lookups


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept in memory at once."""

    records_max: int = 5_000_000
    """Of each topic."""
    codes_max: int = 2_000_000


class TooManyRecords(CodeServiceError):
    """More than may be kept in memory at once. `codes audit` keeps them in a file."""


async def read_history(settings: Settings, *, limits: Limits, texts: Mapping[str, str]) -> History:
    """Read everything that an audit needs. `texts` are logs and metrics that must not contain a code.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
        StoreUnavailable: MongoDB gave no answer in time.
        TooManyRecords, TooMuchToRead: the limits.
    """
    read_at_ms = int(time() * 1000)
    records: dict[str, list[IncomingRecord]] = {spec.name: [] for spec in ALL_TOPICS}

    def take(topic: str, record: IncomingRecord) -> None:
        records[topic].append(record)
        if len(records[topic]) > limits.records_max:
            raise TooManyRecords(f"more than {limits.records_max} records on {topic}")

    committed = await committed_offsets(settings)
    out = await read_out_topics(settings, EVERYTHING, take)
    incoming = await read_in_topics(settings, EVERYTHING, take)
    async with open_collections(settings.mongo) as collections:
        contents = await Lookups(collections).contents(codes_max=limits.codes_max)
    is_waiting = any(not is_served(committed, record) for spec in IN_TOPICS for record in records[spec.name])
    return History(
        records=records,
        database=database_of(contents),
        texts=texts,
        committed=committed,
        retained_since_ms=out.retained_since_ms | incoming.retained_since_ms,
        expired_topics=frozenset(out.expired_topics | incoming.expired_topics),
        blocked_by_open_transaction=frozenset(out.blocked_by_open_transaction),
        read_at_ms=read_at_ms,
        is_quiet=not is_waiting and await in_topic_ends(settings) == incoming.ends,
        guarantee=settings.processing_guarantee,
    )


def database_of(contents: Contents) -> Database:
    """The collections in the audit's form."""
    return Database(
        codes=[code_row(code) for code in contents.codes],
        reservations=contents.reservations,
        requests=contents.requests,
        inventory=contents.inventory,
        imports=contents.imports,
        owners=contents.owners,
        rejects=contents.rejects,
        cancellations=contents.cancellations,
    )


def code_row(code: Mapping[str, str]) -> CodeRow:
    """A code in the audit's form. The audit reports what a damaged document lacks."""
    names = ("_id", "campaign_id", "code", "code_type", "status", "imported_by")
    return CodeRow._make(code.get(name, "") for name in names)
