"""Each rule finds the history that breaks it; no other rule complains of that history."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from tests.checking.check import check
from tests.checking.history import History
from tests.unit.checking.forging import (
    again,
    asked,
    code_of,
    document,
    found,
    free_code,
    holds,
    import_said,
    inserted,
    last_said,
    lost,
    recounted,
    removed,
    said,
    says,
    shard_said,
    stamped,
    with_output,
)
from tests.unit.checking.stories import small

IMPORTS: Final = "c-1:tm:import.commands.v1.0"
RESERVES: Final = "c-1:tm:reserve.requests.v1.0"
RESULT: Final = "results.v1"
REPORT: Final = ("files", "i-1.csv.i-1.rejects.csv")

Forge = Callable[[History], History]


def letters(history: History, *, lose: bool = False, value: bytes | None = None) -> History:
    """The first dead letter lost, changed or doubled."""
    letter = found(history, lambda record: record.topic == "dead-letters.v1")[0]
    if lose:
        return with_output(history, letter)
    return with_output(
        history, letter, letter if value is None else replace(letter, value=value), *[letter] * (value is None)
    )


def letter_of_a_request(history: History) -> History:
    """A dead letter for a readable record."""
    letter = found(history, lambda record: record.topic == "dead-letters.v1")[0]
    headers = tuple((name, b"0" if name == "dlq-offset" else value) for name, value in letter.headers)
    return with_output(history, letter, letter, replace(letter, headers=headers, value=history.inputs[0].value))


def other_ce_id(history: History) -> History:
    """A repeated result with a `ce_id` of its own."""
    record = found(history, says(RESULT, request_id="a-6"))[-1]
    return with_output(history, record, replace(record, headers=(("ce_id", b"other"),)))


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


def nobody_asked(history: History) -> History:
    """An answer to a request that nobody sent."""
    record = found(history, says(RESULT, request_id="n-2"))[-1]
    copy = last_said(history, says(RESULT, request_id="n-2"), request_id="ghost")
    return replace(copy, outputs=[*copy.outputs, record])


def nobody_commanded(history: History) -> History:
    """An event of an import that nobody commanded."""
    return again(history, says("imports.v1", import_id="i-2", state="running"), import_id="ghost")


def event_twice_with_other_counts(history: History) -> History:
    """Two events of one version."""
    return again(history, says("inventory.v1", shard="reserve.requests.v1.0", version=2), available=99)


def report_without(history: History) -> History:
    """A report that lacks a line."""
    return replace(history, objects={**history.objects, REPORT: b"line,reason\n"})


def more_codes(history: History, code: str, **fields: str) -> History:
    """One more code."""
    new = {"campaign_id": "c-1", "code_type": "tm", "status": "available", **fields}
    return recounted(inserted(history, "codes", {"_id": "ghost", "code": code, **new}))


def own_code(history: History) -> str:
    """The value of an available code."""
    return str(free_code(history)["code"])


FORGED: Final[dict[str, tuple[str, Forge]]] = {
    "a lost refusal": ("unanswered", lambda good: lost(good, says(RESULT, request_id="n-3"))),
    "a lost answer to a repeat": ("unanswered", lambda good: lost(good, says(RESULT, request_id="a-6"))),
    "a lost answer to an unreadable record": ("unanswered", lambda good: lost(good, says(RESULT, request_id="u-1"))),
    "a doubled result": ("answered_twice", lambda good: again(good, says(RESULT, request_id="r-1"))),
    "a doubled refusal": ("answered_twice", lambda good: again(good, says(RESULT, request_id="n-4"))),
    "a repeat with another body": (
        "different_answers",
        lambda good: last_said(good, says(RESULT, request_id="a-6"), decided_at="2026-06-01T12:00:00.000Z"),
    ),
    "a repeat with another ce_id": ("different_answers", other_ce_id),
    "a reused id that is decided too": (
        "two_decisions",
        lambda good: last_said(
            good, says(RESULT, request_id="n-2", reason="request_id_reused"), reason="not_the_holder"
        ),
    ),
    "an answer to nobody": ("never_asked", nobody_asked),
    "a lost dead letter": ("dead_letter_missing", lambda good: letters(good, lose=True)),
    "a doubled dead letter": ("dead_letter_twice", letters),
    "a dead letter with changed bytes": ("dead_letter_bytes", lambda good: letters(good, value=b"NOT JSON")),
    "a dead letter of a readable record": ("dead_letter_unasked", letter_of_a_request),
    "a refusal to another fan": (
        "result_wrong",
        lambda good: said(good, says(RESULT, request_id="n-3"), fan_id="f-1"),
    ),
    "a refusal for another reason": (
        "result_wrong",
        lambda good: said(good, says(RESULT, request_id="n-3"), reason="out_of_stock"),
    ),
    "a hold of another length": (
        "result_wrong",
        lambda good: said(good, says(RESULT, request_id="r-1"), expires_at="2026-06-01T13:00:00.000Z"),
    ),
    "a campaign that was known": (
        "unknown_campaign_wrong",
        lambda good: said(good, says(RESULT, request_id="n-3"), reason="unknown_campaign"),
    ),
    "out of stock with stock": (
        "out_of_stock_with_stock",
        lambda good: said(asked(good, "n-1", quantity=1), says(RESULT, request_id="n-1"), quantity=1),
    ),
    "a code in two reservations": ("two_holders", lambda good: holds(good, "r-7", code_of(good, "r-5"))),
    "an assigned code in a reservation": (
        "assigned_code_moved",
        lambda good: holds(good, "r-7", code_of(good, "r-1")),
    ),
    "a code that does not exist": ("unknown_code", lambda good: holds(good, "r-7", "ghost")),
    "a released code that stays reserved": (
        "code_status",
        lambda good: recounted(document(good, "codes", str(free_code(good)["_id"]), status="reserved")),
    ),
    "a lost assigned event": (
        "assigned_event_missing",
        lambda good: lost(good, says("assigned.v1", request_id="g-3")),
    ),
    "a doubled assigned event": (
        "assigned_event_twice",
        lambda good: again(good, says("assigned.v1", request_id="g-3")),
    ),
    "an assigned event with the wrong fan": (
        "assigned_event_wrong",
        lambda good: last_said(good, says("assigned.v1", request_id="g-3"), fan_id="f-1"),
    ),
    "an assigned event with another code": (
        "assigned_event_wrong",
        lambda good: last_said(good, says("assigned.v1", request_id="g-3"), code=own_code(good)),
    ),
    "an assigned event of a held code": (
        "assigned_event_unasked",
        lambda good: again(good, says("assigned.v1", request_id="g-3"), code_id=code_of(good, "r-5")),
    ),
    "a negative sum": ("negative_count", lambda good: shard_said(good, RESERVES, available=-50)),
    "a sum that is not the number of codes": (
        "shards_differ_from_codes",
        lambda good: shard_said(good, IMPORTS, available=1),
    ),
    "a shard behind its event": (
        "shard_differs_from_events",
        lambda good: document(good, "inventory", RESERVES, version=1),
    ),
    "a version with two contents": ("shard_version_twice", event_twice_with_other_counts),
    "a version that was not published": (
        "shard_version_gap",
        lambda good: lost(good, says("inventory.v1", shard="reserve.requests.v1.0", version=2)),
    ),
    "a reservation of another fan": (
        "reservation_differs",
        lambda good: document(good, "reservations", "r-2", fan_id="f-1"),
    ),
    "a released reservation that stays held": (
        "reservation_differs",
        lambda good: document(good, "reservations", "r-2", state="held"),
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


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_history_breaks_the_rule_that_names_it(name: str) -> None:
    """One small edit of a good history, one rule."""
    rule, forge = FORGED[name]

    assert {rule} == {violation.rule for violation in check(forge(small().history()))}


def test_a_late_refusal_of_a_code_of_another_kind_is_found() -> None:
    """A code whose type changed after it was assigned: the result says another one, and so does its row."""
    good = small().history()
    forged = recounted(document(good, "codes", code_of(good, "r-5"), code_type="external"))

    assert {"code_of_other_kind", "code_type"} == {violation.rule for violation in check(forged)}


def test_at_least_once_allows_equal_repeats_only() -> None:
    """A result and an event may come again, with the same `ce_id`."""
    good = small("at_least_once").history()
    repeated = again(again(good, says(RESULT, request_id="r-1")), says("assigned.v1", request_id="g-3"))
    changed = again(good, says(RESULT, request_id="r-1"), decided_at="2026-06-01T12:00:00.000Z")

    assert [] == check(repeated)
    assert ["different_answers"] == [violation.rule for violation in check(changed)]


def test_after_a_fault_a_version_may_be_missing() -> None:
    """A worker that was killed between its commits may publish only the totals after the next batch."""
    good = replace(small().history(), last_fault_s=30.0)
    forged = lost(good, says("inventory.v1", shard="reserve.requests.v1.0", version=2))

    assert [] == check(forged)


def test_no_violation_has_the_value_of_a_code() -> None:
    """They are printed and kept."""
    texts = [str(violation) for _, forge in FORGED.values() for violation in check(forge(small().history()))]
    values = [f"A{number}" for number in range(1, 8)] + ["B1", "B2", "Z9"]

    assert [] == [text for text in texts for value in values if value in text]
