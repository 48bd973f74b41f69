"""Forged documents, times, imports and offsets: the rule that each breaks, and the edit.

Out:  `FORGED_STATES`, by what is wrong.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.checking.history import History
from tests.unit.checking.forging import (
    again,
    document,
    found,
    free_code,
    import_said,
    inserted,
    last_said,
    lost,
    own_code,
    recounted,
    removed,
    said,
    says,
    stamped,
    with_output,
)

RESULT: Final = "results.v1"
REPORT: Final = ("files", "i-1.csv.i-1.rejects.csv")
Forge = Callable[[History], History]


def seen_late(history: History, request_id: str) -> History:
    """A result that is seen much later."""
    record = found(history, says(RESULT, request_id=request_id))[-1]
    return with_output(history, record, replace(record, seen_s=500.0))


def import_seen_late(history: History) -> History:
    """An end event that is seen much later."""
    record = found(history, says("imports.v1", import_id="i-2", state="completed"))[-1]
    return with_output(history, record, replace(record, seen_s=500.0))


def uncommitted(history: History) -> History:
    """The last record of a partition is not processed."""
    place = ("worker", "assign.requests.v1", 0)
    return replace(history, committed={**history.committed, place: history.committed[place] - 1})


def nobody_commanded(history: History) -> History:
    """An event of an import that nobody commanded."""
    return again(history, says("imports.v1", import_id="i-2", state="running"), import_id="ghost")


def report_without(history: History) -> History:
    """A report that lacks a line."""
    return replace(history, objects={**history.objects, REPORT: b"line,reason\n"})


def more_codes(history: History, code: str, **fields: str) -> History:
    """One more code."""
    new = {"campaign_id": "c-1", "code_type": "tm", "status": "available", **fields}
    return recounted(inserted(history, "codes", {"_id": "ghost", "code": code, **new}))


FORGED_STATES: Final[dict[str, tuple[str, Forge]]] = {
    "a reservation of another fan": (
        "reservation_differs",
        lambda good: document(good, "reservations", "r-2", fan_id="f-1"),
    ),
    "a released reservation that stays held": (
        "reservation_differs",
        lambda good: document(good, "reservations", "r-2", state="held"),
    ),
    "a reservation that ends at another time": (
        "reservation_differs",
        lambda good: document(good, "reservations", "r-2", expires_at=None),
    ),
    "a lost reservation": ("reservation_differs", lambda good: removed(good, "reservations", "r-2")),
    "a reservation that nobody made": (
        "reservation_unasked",
        lambda good: inserted(good, "reservations", {"_id": "ghost", "state": "released", "code_ids": []}),
    ),
    "a release of another fan": (
        "close_wrong",
        lambda good: said(good, says(RESULT, request_id="x-2"), fan_id="f-1"),
    ),
    "a refusal for a state that never was": (
        "refusal_wrong",
        lambda good: said(good, says(RESULT, request_id="n-4"), reason="reservation_released"),
    ),
    "a reservation that was not found long after it was made": (
        "refusal_wrong",
        lambda good: said(good, says(RESULT, request_id="n-4"), reason="reservation_not_found"),
    ),
    "an overdue hold": ("overdue_hold", lambda good: replace(good, ended_s=1_000.0)),
    "an assign in time that lost": ("assign_lost_in_time", lambda good: stamped(good, "a-4", 12)),
    "an assign after the end": ("granted_after_end", lambda good: stamped(good, "a-1", 100_000)),
    "an expiry before the end": ("expired_too_early", lambda good: stamped(good, "expire:r-4:1", 12)),
    "an import without an end": (
        "import_unanswered",
        lambda good: lost(good, says("imports.v1", import_id="i-2", state="completed")),
    ),
    "an import with two ends": (
        "import_answered_twice",
        lambda good: again(good, says("imports.v1", import_id="i-2", state="completed")),
    ),
    "an import whose ends differ": (
        "import_ends_differ",
        lambda good: last_said(good, says("imports.v1", import_id="i-1", state="completed"), duration_s=2.0),
    ),
    "an import that nobody commanded": ("import_never_asked", nobody_commanded),
    "an import into another campaign": (
        "import_wrong",
        lambda good: last_said(good, says("imports.v1", import_id="i-1", state="running"), campaign_id="c-2"),
    ),
    "an import that lost a row": (
        "import_rows",
        lambda good: import_said(good, "i-1", rows_read=8, duplicates=0, duplicates_in_file=0),
    ),
    "an import whose figures do not add up": (
        "import_rows",
        lambda good: last_said(good, says("imports.v1", import_id="i-1", state="running"), rows_read=5),
    ),
    "a report without a line": ("import_report", report_without),
    "an import that failed in the database": (
        "import_document",
        lambda good: document(good, "imports", "i-1", state="failed"),
    ),
    "imports that inserted too many": (
        "import_sums",
        lambda good: import_said(good, "i-2", inserted=3, duplicates=0, duplicates_in_campaign=0),
    ),
    "a row without its code": (
        "code_lost",
        lambda good: recounted(removed(good, "codes", str(free_code(good)["_id"]))),
    ),
    "a value in two codes": ("code_twice", lambda good: more_codes(good, own_code(good), code_type="external")),
    "a code of no file": ("code_from_nowhere", lambda good: more_codes(good, "Z9")),
    "a code of another type": (
        "code_type",
        lambda good: recounted(document(good, "codes", str(free_code(good)["_id"]), code_type="tm")),
    ),
    "an answer too late": ("late_answer", lambda good: seen_late(good, "n-3")),
    "an import that ended too late": ("late_answer", import_seen_late),
    "an offset that was not committed": ("uncommitted", uncommitted),
    "a task that was left": ("task_left", lambda good: replace(good, tasks_left=["worker-1: PartitionLoop"])),
}
