"""Records and documents as rows.

In:       what was read, in any order; codes' values before all else.
Out:      rows in the tables; the findings that a record or document gives by itself.
Promise:  nothing here fails for a malformed record or a damaged document: it is a finding. No code's value is written
          to the tables, not even one that somebody has made a part of an id.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import orjson

from audit.answers import BESIDE_THE_DECISION
from audit.code_search import Secrets
from audit.documents import code_row, damage_of, import_row, milliseconds, shard_row
from audit.history import MODELS, place_of, problems_of, source_of
from audit.leaks import SECRET_FREE, leaks_of_document, leaks_of_record
from audit.report import Finding, Findings
from audit.tables import Tables
from consumers.decode import readable_id
from ops.broker.records import Fields, fields_of, text
from schemas.documents import LedgerDocument
from schemas.records import IncomingRecord
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORT, IMPORTS, INVENTORY, REQUEST_TOPICS, RESULTS

KINDS: Final = {topic.name: kind for kind, topic in enumerate((*REQUEST_TOPICS, IMPORT))}
SEARCHED: Final = frozenset(topic.name for topic in (*SECRET_FREE, DEAD_LETTERS))
HOLDING: Final = ("held", "assigned")


class Intake:
    """Lives until all is read."""

    def __init__(self, tables: Tables, secrets: Secrets, *, let_go_since_ms: int | None = None) -> None:
        """Codes of reservations that changed after `let_go_since_ms` are not compared: they may move meanwhile."""
        self._tables = tables
        self._secrets = secrets
        self._let_go_since_ms = let_go_since_ms
        self.findings = Findings()
        self._by_topic: Mapping[str, Callable[[IncomingRecord, Fields], None]] = {
            RESULTS.name: self._result,
            ASSIGNED.name: self._assigned,
            INVENTORY.name: self._shard_event,
            IMPORTS.name: self._import_event,
        }
        self._by_collection: Mapping[str, Callable[[Fields], None]] = {
            "reservations": self._reservation,
            "requests": self._ledger_entry,
            "inventory": self._shard,
            "imports": lambda document: self._tables.add("imports", import_row(document)),
        }

    def record(self, topic: str, record: IncomingRecord, *, is_served: bool, fields: Fields | None = None) -> None:
        """Take a record; `topic` is without prefix. `is_served` is about requests and commands."""
        if topic in SEARCHED:
            self.findings.add(*leaks_of_record(self._secrets, topic, record))
        if topic in KINDS:
            self._incoming(topic, record, fields_of(record.value) if fields is None else fields, is_served)
        elif topic == DEAD_LETTERS.name:
            self._tables.add("dead_letters", (*source_of(record), self._body(record)))
        elif problem := problems_of(record, topic) if topic in MODELS else "":
            self.findings.add(Finding("drift", f"{place_of(record)}: {problem}"))
        elif topic in self._by_topic:
            self._by_topic[topic](record, fields_of(record.value))

    def code(self, document: Fields) -> None:
        """Take a document of `codes`. A damaged one stays a code: reservations may name it."""
        self._damage("codes", document)
        value = document.get("code")
        if isinstance(document["_id"], str):
            self._tables.add("codes", code_row(document, self._value(value if isinstance(value, str) else "")))

    def document(self, collection: str, document: Fields) -> None:
        """Take a document of another collection. A damaged one is a finding, and not compared."""
        self.findings.add(*leaks_of_document(self._secrets, collection, document))
        if not self._damage(collection, document) and collection in self._by_collection:
            self._by_collection[collection](document)

    def text(self, findings: Iterable[Finding]) -> None:
        """Take what a log leaks."""
        self.findings.add(*findings)

    def _damage(self, collection: str, document: Fields) -> bool:
        problem = damage_of(collection, document)
        if problem:
            self.findings.add(Finding("drift", f"collection {collection}, document {document['_id']}: {problem}"))
        return bool(problem)

    def _incoming(self, topic: str, record: IncomingRecord, fields: Fields, is_served: bool) -> None:
        request_id = readable_id(fields.get("request_id"))
        # A dead letter names the first offset, and of a batch that cannot be read `offset` is the last one.
        place = (KINDS[topic], record.topic, record.partition, record.first_offset, record.timestamp_ms)
        masked = None if request_id is None else self._id(request_id)
        self._tables.add("incoming", (*place, masked, is_served, self._body(record)))

    def _result(self, record: IncomingRecord, fields: Fields) -> None:
        request_id, decided = self._id(fields["request_id"]), milliseconds(fields["decided_at"])
        reason, reservation = fields.get("reason"), fields.get("reservation_id")
        names = ("operation", "campaign_id", "code_type", "quantity")
        decision = (fields["outcome"], reason, reason in BESIDE_THE_DECISION, *(fields.get(name) for name in names))
        origin = (record.timestamp_ms, ce_id(record), request_id)
        last = (decided, self._value_of(record), *self._anonymous(fields))
        self._tables.add("results", (*origin, *decision, reservation and self._id(reservation), *last))
        if fields["outcome"] == "assigned":
            for code_id in fields.get("code_ids", ()):
                self._tables.add("result_codes", (record.timestamp_ms, decided, request_id, code_id))

    def _assigned(self, record: IncomingRecord, fields: Fields) -> None:
        code = (fields["code_id"], fields["campaign_id"])
        holder = (self._id(fields["fan_id"]), self._id(fields["request_id"]))
        digests = (self._value(fields["code"]), self._value_of(record))
        self._tables.add("assigned", (record.timestamp_ms, ce_id(record), *code, *holder, *digests))

    def _shard_event(self, record: IncomingRecord, fields: Fields) -> None:
        names = ("campaign_id", "code_type", "shard", "version", "available", "reserved", "assigned", "cause")
        counts = (fields[name] for name in names)
        changed = milliseconds(fields["changed_at"])
        row = (record.timestamp_ms, ce_id(record), *counts, changed, self._value_of(record))
        self._tables.add("shard_events", row)

    def _import_event(self, record: IncomingRecord, fields: Fields) -> None:
        names = ("rows_read", "inserted", "duplicates", "rejected")
        reason = fields.get("reason")
        progress = (fields["state"], reason, reason in BESIDE_THE_DECISION, *(fields[name] for name in names))
        figures = self._content({name: value for name, value in fields.items() if name != "at"})
        row = (record.timestamp_ms, ce_id(record), self._id(fields["import_id"]), *progress)
        self._tables.add("import_events", (*row, figures, self._value_of(record)))

    def _shard(self, document: Fields) -> None:
        if document["version"]:  # one that has only begun counts nothing, and was never published
            self._tables.add("shards", shard_row(document))

    def _reservation(self, document: Fields) -> None:
        name, state, changed = self._id(document["_id"]), document["state"], milliseconds(document.get("changed_at"))
        ends = document.get("expires_at")
        expires = None if ends is None else milliseconds(ends)
        self._tables.add("reservations", (name, self._id(document["fan_id"]), state, expires, changed))
        if state in HOLDING:
            for code_id in document["code_ids"]:
                self._tables.add("held_codes", (code_id, name, state, changed))
        if self._let_go_since_ms is not None and changed > self._let_go_since_ms:
            for code_id in document["code_ids"]:
                self._tables.add("moving", (code_id,))

    def _ledger_entry(self, document: Fields) -> None:
        entry = LedgerDocument.model_validate(document, strict=False)
        decided, outcome = milliseconds(entry.decided_at), fields_of(entry.outcome.to_json())
        self._tables.add("ledger", (self._id(entry.id), decided, *self._anonymous(outcome)))

    def _id(self, name: str) -> str:
        return self._secrets.masked(name)

    def _value(self, value: str) -> bytes:
        return self._tables.digest(value.encode())

    def _value_of(self, record: IncomingRecord) -> bytes:
        return self._tables.digest(record.value or b"")

    def _body(self, record: IncomingRecord) -> bytes:
        """Key and value. An empty value differs from none."""
        key, value = record.key, record.value
        return self._tables.digest(repr((key, None)).encode() + b"|" + (b"0" if value is None else b"1" + value))

    def _anonymous(self, fields: Fields) -> tuple[bytes, str | None]:
        """A result without its fan, and the fan, whose id may be erased (`codes fans erase`)."""
        fan_id = fields.get("fan_id")
        rest = {name: value for name, value in fields.items() if name != "fan_id"}
        return self._content(rest), None if fan_id is None else self._id(fan_id)

    def _content(self, fields: Fields) -> bytes:
        return self._tables.digest(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def ce_id(record: IncomingRecord) -> str:
    """The id by which a reader recognizes a repetition."""
    return text(record.header("ce_id"))
