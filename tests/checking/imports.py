"""Rule 7: imports are exact.

In:   evidence, imports.
Out:  violations; never a value of a code.

| rule | broken if |
|---|---|
| `import_unanswered` | a command has no end event |
| `import_answered_twice` | there are more end events than commands |
| `import_ends_differ` | end events of an import differ in body or `ce_id` |
| `import_never_asked` | an event has an id under which no import was commanded |
| `import_rows` | an event's figures do not add up, or cannot be those of the object |
| `import_report` | the reject report has not exactly the rejected rows |
| `import_wrong` | an event has another campaign or code type than each command of its id |
| `import_document` | the database says something else than the end event |
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.checking.csv_rows import Row
from tests.checking.evidence import Commanded, Evidence, Output
from tests.checking.requests import Command, Fields
from tests.checking.uploads import Upload, ends_of, is_end
from tests.checking.violation import Violation

COUNTS: Final = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")


def check_imports(evidence: Evidence, uploads: Mapping[str, Upload]) -> Iterator[Violation]:
    """Judge all imports."""
    letters = unreadable_commands(evidence)
    for import_id in dict.fromkeys([*evidence.commanded, *letters, *evidence.imports]):
        events = evidence.imports.get(import_id, ())
        commanded = evidence.commanded.get(import_id, ())
        yield from judge_ends(evidence, import_id, commanded, letters[import_id], events)
        yield from (violation for event in events for violation in judge_sums(import_id, event.fields))
        yield from judge_kinds(import_id, commanded, events)
    documents = {document["_id"]: document for document in evidence.history.documents.get("imports", ())}
    for upload in uploads.values():
        yield from judge_rows(upload)
        yield from judge_report(evidence, upload)
        yield from judge_document(upload, documents.get(upload.import_id))


def unreadable_commands(evidence: Evidence) -> Counter[str]:
    """How many unreadable commands are answered under an import's id."""
    return Counter(
        found.request_id
        for found in evidence.unreadable
        if found.operation is None and found.request_id is not None and found.campaign_id is not None
    )


def judge_ends(
    evidence: Evidence, import_id: str, commanded: Sequence[Commanded], letters: int, events: Sequence[Output]
) -> Iterator[Violation]:
    """One end event for each command: of the command that was served, equal ones."""
    if not commanded and not letters:
        yield Violation("import_never_asked", (import_id,), "no event", f"{len(events)}")
        return
    contents = Counter(received.command for received in commanded)
    ends = [event for event in events if is_end(event)]
    decided = ends_of(ends)
    by_reason = Counter(str(event.fields.get("reason")) for event in ends)
    served = command_served(contents, decided)
    reused = len(commanded) - contents[served] if served else 0
    counts = (
        (contents[served] if served else 0, len(decided)),
        (reused, by_reason["request_id_reused"]),
        (letters, by_reason["invalid_request"]),
    )
    for expected, actual in counts:
        yield from judge_count(evidence, import_id, expected, actual)
    if len({(event.value, event.ce_id) for event in decided}) > 1:
        yield Violation("import_ends_differ", (import_id,), "equal end events", "others")


def command_served(contents: Counter[Command], decided: Sequence[Output]) -> Command | None:
    """Of several commands under one id, one that there are as many of as end events."""
    fitting = [command for command, count in contents.items() if count == len(decided)]
    return next(iter(fitting or contents), None)


def judge_count(evidence: Evidence, import_id: str, expected: int, actual: int) -> Iterator[Violation]:
    """One end event for each command."""
    if actual < expected:
        yield Violation("import_unanswered", (import_id,), f"{expected} end events", f"{actual}")
    elif actual > expected and (evidence.once or expected == 0):
        yield Violation("import_answered_twice", (import_id,), f"{expected} end events", f"{actual}")


def judge_sums(import_id: str, fields: Fields) -> Iterator[Violation]:
    """Each event's figures add up."""
    rows, inserted, rejected, duplicates = (
        fields.get(name, 0) for name in ("rows_read", "inserted", "rejected", "duplicates")
    )
    parts = [fields.get(name, 0) for name in ("duplicates_in_file", "duplicates_in_campaign")]
    if rows != inserted + rejected + duplicates or duplicates != sum(parts):
        yield Violation("import_rows", (import_id,), "figures that add up", f"rows_read {rows}")


def judge_kinds(import_id: str, commanded: Sequence[Commanded], events: Sequence[Output]) -> Iterator[Violation]:
    """Each event has campaign and type of a command."""
    kinds = {(received.command.campaign_id, received.command.code_type) for received in commanded}
    others = sum(1 for event in ends_or_progress(events) if kind_of(event.fields) not in kinds)
    if kinds and others:
        yield Violation("import_wrong", (import_id,), "campaign and type of its command", f"{others} events")


def ends_or_progress(events: Sequence[Output]) -> Iterator[Output]:
    """All events but those about unreadable commands, of which the type is not known."""
    return (event for event in events if event.fields.get("reason") != "invalid_request")


def kind_of(fields: Fields) -> tuple[object, object]:
    """Campaign and type of an event."""
    return fields.get("campaign_id"), fields.get("code_type")


def judge_rows(upload: Upload) -> Iterator[Violation]:
    """The figures of the end event are those of the object."""
    if upload.whole is None or upload.rows is None:
        return
    fields, rows = upload.end.fields, upload.rows
    valid = sum(1 for row in rows if row.code)
    expected = {"rows_read": len(rows), "rejected": len(rows) - valid}
    for name, count in expected.items():
        if fields.get(name) != count:
            yield Violation("import_rows", (upload.import_id,), f"{name} {count}", f"{fields.get(name)}")
            return
    in_file = fields.get("duplicates_in_file", 0)
    if fields.get("inserted", 0) > len(upload.codes) or in_file > valid - len(upload.codes):
        yield Violation("import_rows", (upload.import_id,), "figures of this object", "more codes, or more repeats")


def judge_report(evidence: Evidence, upload: Upload) -> Iterator[Violation]:
    """The report has the rejected rows, each with its line and reason."""
    command, fields = upload.command, upload.end.fields
    key = f"{command.key}.{upload.import_id}.rejects.csv"
    rejected = fields.get("rejected", 0)
    address = f"s3://{command.bucket}/{key}" if rejected else None
    if fields.get("report") != address:
        may_lack = fields.get("state") == "failed" or fields.get("reason") == "report_not_written"
        if fields.get("report") is not None or not may_lack:
            yield Violation("import_report", (upload.import_id,), f"{address}", "another address")
        return
    if not rejected or upload.rows is None:
        return
    expected = report_of(upload.rows)
    actual = evidence.history.objects.get((command.bucket, key))
    if actual is None or actual.split(b"\n") != expected:
        lines = "no object" if actual is None else "other lines"
        yield Violation("import_report", (upload.import_id,), f"{len(expected) - 2} rows", lines)


def report_of(rows: Sequence[Row]) -> list[bytes]:
    """The lines of the report."""
    return [b"line,reason", *(f"{row.line},{row.reason}".encode() for row in rows if row.reason), b""]


def judge_document(upload: Upload, document: Fields | None) -> Iterator[Violation]:
    """The import's document, if the history has it, is that of the end event."""
    if document is None:
        return
    wrong = [name for name in ("state", "reason", *COUNTS) if document.get(name) != upload.end.fields.get(name)]
    if wrong:
        yield Violation("import_document", (upload.import_id,), "the figures of the end event", " ".join(wrong))
