"""Rule 3, of `assigned.v1`: one event for each assigned code, to the right fan, with the code's value.

In:   evidence, decisions.
Out:  violations; never a value of a code.

| rule | broken if |
|---|---|
| `assigned_event_missing` | a code that a result assigns has no event |
| `assigned_event_twice` | it has several (with `at_least_once`: several that differ in body or `ce_id`) |
| `assigned_event_wrong` | a field differs from the result or from the code's document |
| `assigned_event_unasked` | no result assigns the code |
"""

from collections.abc import Iterator, Mapping, Sequence

from tests.checking.answers import Decision
from tests.checking.evidence import Evidence, Output
from tests.checking.requests import Fields
from tests.checking.violation import Violation


def check_assigned_events(evidence: Evidence, decisions: Mapping[str, Decision]) -> Iterator[Violation]:
    """Compare assigned codes with events."""
    asked: set[str] = set()
    for decision in decisions.values():
        if not decision.is_granted or decision.content.operation != "assign":
            continue
        for code_id in decision.code_ids:
            yield from judge_events(evidence, decision, code_id, evidence.assigned.get(code_id, ()))
        asked.update(decision.code_ids)
    for code_id, events in evidence.assigned.items():
        if code_id in asked:
            continue
        requests = tuple(str(event.fields.get("request_id")) for event in events)
        yield Violation("assigned_event_unasked", (code_id, *requests), "a result that assigns it", "none")


def judge_events(
    evidence: Evidence, decision: Decision, code_id: str, events: Sequence[Output]
) -> Iterator[Violation]:
    """The events of one code of one assignment."""
    ids = (code_id, decision.content.request_id)
    if not events:
        yield Violation("assigned_event_missing", ids, "1 event", "none")
        return
    kinds = len(events) if evidence.once else len({(event.value, event.ce_id) for event in events})
    if kinds > 1:
        yield Violation("assigned_event_twice", ids, "1 event", f"{kinds}")
    expected = event_of(decision.body, code_id, evidence.codes.get(code_id, {}))
    wrong = {name for event in events for name, value in expected.items() if event.fields.get(name) != value}
    fan = str(decision.body.get("fan_id")).encode()
    if any(event.record.key != fan for event in events):
        wrong.add("key")
    if wrong:
        yield Violation("assigned_event_wrong", ids, "the fields of the result and the code", " ".join(sorted(wrong)))


def event_of(body: Fields, code_id: str, document: Fields) -> Fields:
    """What the event must say."""
    return {
        **{name: body.get(name) for name in ("campaign_id", "fan_id", "code_type", "request_id", "reservation_id")},
        "code_id": code_id,
        "code": document.get("code"),
        "assigned_at": body.get("decided_at"),
    }
