"""Forged answers and dead letters: the rule that each breaks, and the edit.

Out:  `FORGED_ANSWERS`, by what is wrong.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.checking.history import History
from tests.unit.checking.forging import (
    again,
    asked,
    code_of,
    document,
    found,
    free_code,
    holds,
    last_said,
    lost,
    recounted,
    said,
    says,
    with_output,
)

RESULT: Final = "results.v1"
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


def nobody_asked(history: History) -> History:
    """An answer to a request that nobody sent."""
    record = found(history, says(RESULT, request_id="n-2"))[-1]
    copy = last_said(history, says(RESULT, request_id="n-2"), request_id="ghost")
    return replace(copy, outputs=[*copy.outputs, record])


FORGED_ANSWERS: Final[dict[str, tuple[str, Forge]]] = {
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
        lambda good: asked(good, "r-1", ttl_s=3_600),
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
}
