"""Rules 2 and 5, of reservations: made and ended at moments that explain all answers.

In:   evidence, the lives of all reservations.
Out:  violations.

| rule | broken if |
|---|---|
| `reservation_differs` | its document is missing, or has other fields than the results |
| `reservation_unasked` | no result made it |
| `close_wrong` | a result that ends it has another fan, other codes or another type |
| `refusal_wrong` | a refusal that names it has a reason that was true at no moment |
| `overdue_hold` | it is still held, long after its end |

A reservation's life is short: none, held, ended. So no search is needed: the refusals and the results bound the two
moments at which it was made and ended, and those bounds must leave room. If several requests ended it, no order of
its codes' moves explains that: see rule 3.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.checking.answers import Decision
from tests.checking.evidence import Evidence
from tests.checking.instants import instant_of
from tests.checking.lives import Life, judge_life
from tests.checking.violation import Violation

FIELDS: Final = ("campaign_id", "fan_id", "code_type")


def check_reservations(evidence: Evidence, lives: Mapping[str, Life]) -> Iterator[Violation]:
    """Judge every reservation that was made or named."""
    for reservation_id, life in lives.items():
        yield from judge_life(life)
        if life.opened is not None:
            yield from judge_document(evidence, life, life.opened, evidence.reservations.get(reservation_id))
    for reservation_id in evidence.reservations:
        if reservation_id not in lives or lives[reservation_id].opened is None:
            yield Violation("reservation_unasked", (reservation_id,), "a result that made it", "none")


def judge_document(
    evidence: Evidence, life: Life, opened: Decision, document: Mapping[str, object] | None
) -> Iterator[Violation]:
    """The database has what the results say."""
    name = life.reservation_id
    if document is None:
        yield Violation("reservation_differs", (name,), "a document", "none")
        return
    expected = {field: opened.body.get(field) for field in FIELDS} | {"state": life.state}
    wrong = [field for field, value in expected.items() if document.get(field) != value]
    code_ids = document.get("code_ids")
    if not isinstance(code_ids, Sequence) or sorted(code_ids) != sorted(opened.code_ids):
        wrong.append("code_ids")
    ends_ms = instant_of(opened.body.get("expires_at"))
    if "expires_at" in document and instant_of(document["expires_at"]) != ends_ms:
        wrong.append("expires_at")
    if wrong:
        yield Violation("reservation_differs", (name,), "the fields of its results", " ".join(wrong))
    elif life.state == "held":
        yield from judge_end(evidence, name, ends_ms)


def judge_end(evidence: Evidence, name: str, ends_ms: int | None) -> Iterator[Violation]:
    """A hold whose end is long past has ended."""
    history = evidence.history
    if ends_ms is None:
        return
    ends_s = (ends_ms - evidence.began_ms) / 1000
    overdue_s = history.ended_s - max(ends_s, history.last_fault_s)
    if overdue_s > history.answer_bound_s:
        yield Violation("overdue_hold", (name,), f"within {history.answer_bound_s:g} s", f"{overdue_s:.1f} s")
