"""Imports as evidence: each command that was served, with its end and the rows that it read.

In:   evidence.
Out:  `Upload` by import.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.checking.csv_rows import Row, rows_of
from tests.checking.evidence import Commanded, Evidence, Output
from tests.checking.requests import Command

BESIDE: Final = ("request_id_reused", "invalid_request")
"""Reasons of end events that are about a command, not about the import of this id."""
UNKNOWN_ROWS: Final = ("object_changed", "bad_gzip")
"""Reasons by which nobody can say later which rows were read."""


@dataclass(slots=True)
class Upload:
    """One import that ended."""

    import_id: str
    command: Command
    end: Output
    ended_s: float
    """When its first end event was seen."""
    whole: Sequence[Row] | None
    """All rows of the object; None: it is not known any more."""
    rows: Sequence[Row] | None
    """Those that it read."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Values in these rows, each with the type of its first row. Secrets."""


def uploads_of(evidence: Evidence) -> dict[str, Upload]:
    """All imports that ended. Of an id with several commands, the first that fits its end event counts."""
    parsed: dict[tuple[str, str], Sequence[Row] | None] = {}
    found: dict[str, Upload] = {}
    for import_id, commanded in evidence.commanded.items():
        ends = ends_of(evidence.imports.get(import_id, ()))
        if ends:
            end = min(ends, key=lambda output: output.seen_s)
            command = command_behind(commanded, end)
            place = (command.bucket, command.key)
            if place not in parsed:
                data = evidence.history.objects.get(place)
                parsed[place] = None if data is None else rows_of(data)
            found[import_id] = upload_of(import_id, command, end, parsed[place])
    return found


def ends_of(events: Iterable[Output]) -> list[Output]:
    """The end events of an import that began."""
    return [event for event in events if is_end(event) and event.fields.get("reason") not in BESIDE]


def is_end(event: Output) -> bool:
    """Whether it says how an import ended."""
    return event.fields.get("state") in ("completed", "failed")


def command_behind(commanded: Sequence[Commanded], end: Output) -> Command:
    """The command that was served."""
    names = ("campaign_id", "code_type")
    wanted = [end.fields.get(name) for name in names]
    commands = [received.command for received in commanded]
    fitting = [command for command in commands if [command.campaign_id, command.code_type] == wanted]
    return (fitting or commands)[0]


def upload_of(import_id: str, command: Command, end: Output, whole: Sequence[Row] | None) -> Upload:
    """An import with the rows that it read."""
    if end.fields.get("reason") in UNKNOWN_ROWS:
        whole = None
    rows = whole
    if whole is not None and end.fields["state"] == "failed":
        rows = whole[: end.fields.get("rows_read", 0)]
    codes: dict[str, str] = {}
    for row in rows or ():
        if row.code:
            codes.setdefault(row.code, row.code_type or command.code_type)
    return Upload(import_id, command, end, end.seen_s, whole, rows, codes)
