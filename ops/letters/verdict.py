"""Decides what a replay does with a dead letter.

In:       a dead letter, the changes to it, what was replayed before, the worker's limits.
Out:      `Send`, with the record and the note about it; or `LeftOut`, with the reason.
Promise:  a pure function. What the worker would reject again is not sent. A reason never holds a value.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import orjson

from consumers.decode import SizeLimits, decode_command, decode_request
from ops.letters.edits import Edits, NotEditable
from ops.letters.letter import Letter, Origin
from schemas.base import rfc3339
from schemas.records import Headers, IncomingRecord, OutgoingRecord, Rejected
from schemas.topics import DEAD_LETTERS_REPLAYED, IMPORT, OPERATIONS, Topics

REPLAYED: Final = "replayed"
NOT_OURS: Final = "its headers name no record of this service's input topics"
A_BATCH: Final = "a batch that cannot be taken apart holds no single records: their senders send them again"
NO_VALUE: Final = "it holds no value: a tombstone, or a record too large for a dead letter; --edit gives it one"
NO_FIELDS: Final = "the value is not a JSON object: --set and --unset have no field to change"


@dataclass(frozen=True, slots=True)
class Send:
    """Both records belong in one transaction."""

    letter: Letter
    record: OutgoingRecord
    note: OutgoingRecord
    identity: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nothing is sent."""

    letter: Letter
    why: str
    """`REPLAYED` if it was sent before."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What the verdicts of one replay have in common."""

    topics: Topics
    limits: SizeLimits
    edits: Edits
    now: datetime
    added_headers: Headers = ()
    """The token of whoever replays: dead letters hold none."""

    def verdict(self, letter: Letter, *, is_replayed: bool) -> Send | LeftOut:
        if is_replayed:
            return LeftOut(letter, REPLAYED)
        origin, identity = letter.origin, letter.identity(self.topics)
        if origin is None or identity is None or not self._is_input(origin.topic):
            return LeftOut(letter, NOT_OURS)
        if letter.is_batch:
            return LeftOut(letter, A_BATCH)
        try:
            record = self._edited(letter, origin)
        except NotEditable:
            return LeftOut(letter, NO_FIELDS)
        why = self._why_not(record)
        return LeftOut(letter, why) if why else self._send(letter, record, identity)

    def _is_input(self, topic: str) -> bool:
        """Whether a worker or an importer reads it, under this prefix."""
        bare = self.topics.bare(topic)
        return bare in {*OPERATIONS, IMPORT.name} and topic == self.topics.prefix + bare

    def _edited(self, letter: Letter, origin: Origin) -> IncomingRecord:
        """The record as the worker would read it."""
        kept = () if self.edits.without_headers else letter.sender_headers
        return replace(
            letter.record,
            topic=origin.topic,
            partition=origin.partition,
            value=self.edits.applied(letter.record.value),
            headers=(*kept, letter.replayed_from, *self.added_headers),
        )

    def _why_not(self, record: IncomingRecord) -> str | None:
        if record.value is None:
            return NO_VALUE
        topic = self.topics.bare(record.topic)
        if topic == IMPORT.name:
            read: object = decode_command(record, self.limits)
        else:
            read = decode_request(record, topic, self.limits)
        return f"still unreadable, {read.reason}: {read.detail}" if isinstance(read, Rejected) else None

    def _send(self, letter: Letter, record: IncomingRecord, identity: str) -> Send:
        """To the partition that it was on: a sender may have chosen it, and its requests there are in order."""
        note = {"letter": str(letter.address), "at": rfc3339(self.now)}
        return Send(
            letter=letter,
            record=OutgoingRecord(record.topic, record.key, record.value, record.headers, record.partition),
            note=OutgoingRecord(
                self.topics.full(DEAD_LETTERS_REPLAYED), identity.encode(), orjson.dumps(note), headers=()
            ),
            identity=identity,
        )
