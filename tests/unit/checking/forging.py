"""Small edits of a history, each of which leaves all else as it was.

In:   a history; which record or document to edit, and how.
Out:  another history.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.checking.history import History, Logged
from tests.unit.checking.deciding import BEGAN_MS

Matches = Callable[[Logged], bool]
COUNTED = ("available", "reserved", "assigned")


def says(topic: str, **fields: Any) -> Matches:
    """Whether a record of a topic has these fields."""

    def matches(record: Logged) -> bool:
        if record.topic != topic:
            return False
        body = json.loads(record.value or b"{}")
        return all(body.get(name) == value for name, value in fields.items())

    return matches


def on(topic: str, number: int = 0) -> Callable[[History], Logged]:
    """The record of an output topic with this number."""
    return lambda history: [record for record in history.outputs if record.topic == topic][number]


def found(history: History, matches: Matches) -> list[Logged]:
    """All outputs that match; there is at least one."""
    records = [record for record in history.outputs if matches(record)]
    assert records
    return records


def edited(record: Logged, **fields: Any) -> Logged:
    """A record with other fields."""
    return replace(record, value=json.dumps({**json.loads(record.value or b""), **fields}).encode())


def with_output(history: History, old: Logged, *new: Logged) -> History:
    """One output replaced."""
    outputs: list[Logged] = []
    for record in history.outputs:
        outputs += new if record is old else [record]
    return replace(history, outputs=outputs)


def lost(history: History, matches: Matches, number: int = -1) -> History:
    """Without one of the outputs that match."""
    return with_output(history, found(history, matches)[number])


def again(history: History, matches: Matches, **fields: Any) -> History:
    """The last output that matches once more, with other fields."""
    record = found(history, matches)[-1]
    return with_output(history, record, record, edited(record, **fields) if fields else record)


def said(history: History, matches: Matches, **fields: Any) -> History:
    """All outputs that match say something else."""
    for record in found(history, matches):
        history = with_output(history, record, edited(record, **fields))
    return history


def last_said(history: History, matches: Matches, **fields: Any) -> History:
    """The last output that matches says something else."""
    record = found(history, matches)[-1]
    return with_output(history, record, edited(record, **fields))


def asked(history: History, request_id: str, **fields: Any) -> History:
    """The request says something else."""
    return with_inputs(history, request_id, lambda record: edited(record, **fields))


def stamped(history: History, request_id: str, at_s: float) -> History:
    """The request has another timestamp, although it was appended when it was."""
    return with_inputs(
        history,
        request_id,
        lambda record: replace(
            record,
            timestamp_ms=BEGAN_MS + round(at_s * 1000),
            seen_s=(record.timestamp_ms - BEGAN_MS) / 1000,
        ),
    )


def with_inputs(history: History, request_id: str, edit: Callable[[Logged], Logged]) -> History:
    """All records with this request edited."""
    marked = f'"request_id": "{request_id}"'.encode()
    inputs = [edit(record) if marked in (record.value or b"") else record for record in history.inputs]
    assert inputs != history.inputs
    return replace(history, inputs=inputs)


def document(history: History, collection: str, name: str, **fields: Any) -> History:
    """A document with other fields."""
    changed = [{**old, **fields} if old["_id"] == name else old for old in history.documents[collection]]
    assert changed != history.documents[collection]
    return with_documents(history, collection, changed)


def inserted(history: History, collection: str, new: Mapping[str, Any]) -> History:
    """One more document."""
    return with_documents(history, collection, [*history.documents[collection], new])


def removed(history: History, collection: str, name: str) -> History:
    """Without a document."""
    left = [old for old in history.documents[collection] if old["_id"] != name]
    return with_documents(history, collection, left)


def with_documents(history: History, collection: str, changed: list[Mapping[str, Any]]) -> History:
    """A collection replaced."""
    return replace(history, documents={**history.documents, collection: changed})


def code_of(history: History, reservation_id: str) -> str:
    """The first code of a reservation."""
    return next(str(old["code_ids"][0]) for old in history.documents["reservations"] if old["_id"] == reservation_id)


def free_code(history: History) -> Mapping[str, Any]:
    """The last available code that no request has ever moved."""
    moved = {name for old in history.documents["reservations"] for name in old["code_ids"]}
    available = [
        old for old in history.documents["codes"] if old["status"] == "available" and old["_id"] not in moved
    ]
    return available[-1]


def own_code(history: History) -> str:
    """The value of an available code."""
    return str(free_code(history)["code"])


def recounted(history: History) -> History:
    """A shard more, and its event, so that the counts are true again."""
    wrong: dict[tuple[str, str], dict[str, int]] = {}
    for code in history.documents["codes"]:
        counts = wrong.setdefault((code["campaign_id"], code["code_type"]), dict.fromkeys(COUNTED, 0))
        counts[code["status"]] += 1
    for shard in history.documents["inventory"]:
        counts = wrong.setdefault((shard["campaign_id"], shard["code_type"]), dict.fromkeys(COUNTED, 0))
        for status in COUNTED:
            counts[status] -= shard[status]
    for (campaign_id, code_type), counts in wrong.items():
        kind = {"campaign_id": campaign_id, "code_type": code_type, "shard": "reconcile", "version": 1}
        history = inserted(history, "inventory", {"_id": f"{campaign_id}:{code_type}:reconcile", **kind, **counts})
        last = history.outputs[-1]
        event = replace(last, topic="inventory.v1", value=json.dumps({**kind, **counts}).encode())
        history = replace(history, outputs=[*history.outputs, event])
    return history


def holds(history: History, reservation_id: str, code_id: str) -> History:
    """A reservation of one code has this one; its own is free, and was always."""
    own = code_of(history, reservation_id)
    history = said(history, says("results.v1", request_id=reservation_id, outcome="reserved"), code_ids=[code_id])
    history = document(history, "reservations", reservation_id, code_ids=[code_id])
    return recounted(document(history, "codes", own, status="available"))


def shard_said(history: History, name: str, **changes: int) -> History:
    """A shard and its last event have counts that differ by so much."""
    shard = next(old for old in history.documents["inventory"] if old["_id"] == name)
    counts = {status: shard[status] + change for status, change in changes.items()}
    names = ("campaign_id", "code_type", "shard", "version")
    event = says("inventory.v1", **{field: shard[field] for field in names})
    return said(document(history, "inventory", name, **counts), event, **counts)


def import_said(history: History, import_id: str, **fields: Any) -> History:
    """An import's end event and its document say something else."""
    history = said(history, says("imports.v1", import_id=import_id, state="completed"), **fields)
    return document(history, "imports", import_id, **fields)
