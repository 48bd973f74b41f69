"""Records and documents as rows.

In:       what was read, in any order; codes' values before all else.
Out:      rows in the tables; findings that one record or document alone gives.
Promise:  nothing here fails for a record that says nonsense: it is left as it came. No code's value is written down,
          not even one that somebody has made a part of an id.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import orjson

from audit.answers import MANY_MAY_SAY
from audit.history import MODELS, CodeRow, place_of, problems_of, source_of
from audit.leaks import SECRET_FREE, Secrets, leaks_of_document, leaks_of_record
from audit.report import Finding
from audit.tables import Row, Tables
from consumers.decode import readable_id
from ops.broker.records import NO_FIELDS, Fields, fields_of, text
from schemas.documents import LedgerDocument
from schemas.records import IncomingRecord
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORT, IMPORTS, INVENTORY, REQUEST_TOPICS, RESULTS

KINDS: Final = {topic.name: kind for kind, topic in enumerate((*REQUEST_TOPICS, IMPORT))}
SEARCHED: Final = frozenset(topic.name for topic in (*SECRET_FREE, DEAD_LETTERS))
FINDINGS_MAX: Final = 100_000
"""Kept of those that single records give; a deployment with more has one cause."""
HOLDING: Final = ("held", "assigned")


class Intake:
    """Lives until all is read."""

    def __init__(self, tables: Tables, secrets: Secrets, *, let_go_since_ms: int | None = None) -> None:
        """Codes of reservations that let them go since `let_go_since_ms` move while the database is read."""
        self._tables = tables
        self._secrets = secrets
        self._let_go_since_ms = let_go_since_ms
        self.findings: list[Finding] = []
        self._takers: Mapping[str, Callable[[IncomingRecord, Fields], None]] = {
            RESULTS.name: self._result,
            ASSIGNED.name: self._assigned,
            INVENTORY.name: self._event,
            IMPORTS.name: self._import_told,
        }

    def record(self, topic: str, record: IncomingRecord, *, is_served: bool, says: Fields | None = None) -> None:
        """One record; `topic` is without prefix. `is_served` is about requests and commands."""
        if topic in SEARCHED:
            self._found(*leaks_of_record(self._secrets, topic, record))
        if topic in KINDS:
            self._asked(topic, record, fields_of(record.value) if says is None else says, is_served)
        elif topic == DEAD_LETTERS.name:
            source = source_of(record)
            self._tables.add("letters", (*source, self._body(record)))
        elif problem := problems_of(record, topic) if topic in MODELS else "":
            self._found(Finding("drift", f"{place_of(record)}: {problem}"))
        elif topic in self._takers:
            self._takers[topic](record, fields_of(record.value))

    def code(self, code: CodeRow, changed_ms: int = 0) -> None:
        """One code."""
        row = (code.id, code.campaign_id, code.code_type, code.status, self._value(code.value), code.imported_by)
        self._tables.add("codes", (*row, changed_ms))

    def document(self, collection: str, document: Fields) -> None:
        """One document of another collection than the codes'."""
        self._found(*leaks_of_document(self._secrets, collection, document))
        if collection == "reservations":
            self._reservation(document)
        elif collection == "requests":
            entry = LedgerDocument.model_validate(document, strict=False)
            self._tables.add("ledger", (self._id(entry.id), self._said(fields_of(entry.outcome.to_json()))))
        elif collection == "inventory":
            self._tables.add("shards", shard_row(document))
        elif collection == "imports":
            self._tables.add("imports", import_row(document))

    def text(self, findings: list[Finding]) -> None:
        """What a log told."""
        self._found(*findings)

    def _asked(self, topic: str, record: IncomingRecord, says: Fields, is_served: bool) -> None:
        request_id = readable_id(says.get("request_id"))
        # A dead letter names the first offset, and of a batch that cannot be read `offset` is the last one.
        place = (KINDS[topic], record.topic, record.partition, record.first_offset, record.timestamp_ms)
        known = None if request_id is None else self._id(request_id)
        self._tables.add("asked", (*place, known, is_served, self._body(record)))

    def _result(self, record: IncomingRecord, says: Fields) -> None:
        request_id, decided = self._id(says["request_id"]), milliseconds(says["decided_at"])
        reason = says.get("reason")
        names = ("operation", "campaign_id", "code_type", "quantity", "reservation_id")
        operation, campaign, code_type, quantity, reservation = (says.get(name) for name in names)
        what = (says["outcome"], reason, reason in MANY_MAY_SAY, operation, campaign, code_type, quantity)
        whose = (record.timestamp_ms, ce_id(record), request_id)
        told = (reservation and self._id(reservation), decided, self._value_of(record), self._said(says))
        self._tables.add("results", (*whose, *what, *told))
        if says["outcome"] == "assigned":
            for code_id in says.get("code_ids", ()):
                self._tables.add("result_codes", (record.timestamp_ms, decided, request_id, code_id))

    def _assigned(self, record: IncomingRecord, says: Fields) -> None:
        who = (says["code_id"], says["campaign_id"], self._id(says["fan_id"]), self._id(says["request_id"]))
        what = (self._value(says["code"]), self._value_of(record))
        self._tables.add("assigned", (record.timestamp_ms, ce_id(record), *who, *what))

    def _event(self, record: IncomingRecord, says: Fields) -> None:
        names = ("campaign_id", "code_type", "shard", "version", "available", "reserved", "assigned", "cause")
        counts = (says[name] for name in names)
        changed = milliseconds(says["changed_at"])
        self._tables.add("events", (record.timestamp_ms, ce_id(record), *counts, changed, self._value_of(record)))

    def _import_told(self, record: IncomingRecord, says: Fields) -> None:
        names = ("rows_read", "inserted", "duplicates", "rejected")
        figures = {name: value for name, value in says.items() if name != "at"}
        what = (
            says["state"],
            says.get("reason"),
            says.get("reason") in MANY_MAY_SAY,
            *(says[name] for name in names),
        )
        row = (record.timestamp_ms, ce_id(record), self._id(says["import_id"]), *what)
        self._tables.add("imports_told", (*row, self._said(figures), self._value_of(record)))

    def _reservation(self, document: Fields) -> None:
        name, state, changed = self._id(document["_id"]), document["state"], milliseconds(document.get("changed_at"))
        ends = document.get("expires_at")
        expires = None if ends is None else milliseconds(ends)
        self._tables.add("holds", (name, self._id(document["fan_id"]), state, expires, changed))
        if state in HOLDING:
            for code_id in document["code_ids"]:
                self._tables.add("held", (code_id, name, state, changed))
        if self._let_go_since_ms is not None and changed > self._let_go_since_ms:
            for code_id in document["code_ids"]:
                self._tables.add("moving", (code_id,))

    def _found(self, *findings: Finding) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings += findings

    def _id(self, name: str) -> str:
        return self._secrets.masked(name)

    def _value(self, value: str) -> bytes:
        return self._tables.digest(value.encode())

    def _value_of(self, record: IncomingRecord) -> bytes:
        return self._tables.digest(record.value or b"")

    def _body(self, record: IncomingRecord) -> bytes:
        """Key and value; an empty one is another than none."""
        key, value = record.key, record.value
        return self._tables.digest(repr((key, None)).encode() + b"|" + (b"0" if value is None else b"1" + value))

    def _said(self, fields: Fields) -> bytes:
        return self._tables.digest(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def ce_id(record: IncomingRecord) -> str:
    """The id that a reader may know a repetition by."""
    return text(record.header("ce_id"))


def milliseconds(instant: object) -> int:
    """Since 1970, of an instant as text or as the database has it; 0 for none."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    return int(instant.timestamp() * 1000 + 0.5) if isinstance(instant, datetime) else 0


def shard_row(document: Fields) -> Row:
    """One document of `inventory`."""
    names = ("_id", "campaign_id", "code_type", "version", "available", "reserved", "assigned")
    return (*(document[name] for name in names), milliseconds(document.get("changed_at")))


def import_row(document: Fields) -> Row:
    """One document of `imports`."""
    names = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    figures = (document[name] for name in names)
    return (document["_id"], document.get("state"), *figures, milliseconds(document.get("changed_at")))


def says_of(record: IncomingRecord) -> Fields:
    """What a record says; nothing if it is no JSON object."""
    return fields_of(record.value) or NO_FIELDS
