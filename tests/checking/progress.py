"""Rule 8: nothing hangs.

In:   evidence.
Out:  violations.

| rule | broken if |
|---|---|
| `late_answer` | an answer took longer than the bound, counted from its record or from the last fault |
| `uncommitted` | the committed offset of an input partition is before the end of its records |
| `task_left` | a task outlived its process |
"""

from collections.abc import Iterator, Sequence

from tests.checking.evidence import Evidence, Output
from tests.checking.requests import COMMANDS
from tests.checking.violation import Violation


def check_progress(evidence: Evidence) -> Iterator[Violation]:
    """Judge answers, offsets and tasks."""
    yield from check_times(evidence)
    yield from check_offsets(evidence)
    for task in evidence.history.tasks_left:
        yield Violation("task_left", (task,), "no task", "1")


def check_times(evidence: Evidence) -> Iterator[Violation]:
    """Each answer comes within the bound."""
    for request_id, asked in evidence.asked.items():
        asked_s = [record.at_s for record in (*asked, *evidence.answerable.get(request_id, ()))]
        yield from judge_times(evidence, request_id, asked_s, evidence.results.get(request_id, ()))
    for request_id, unreadable in evidence.answerable.items():
        if request_id not in evidence.asked:
            asked_s = [record.at_s for record in unreadable]
            yield from judge_times(evidence, request_id, asked_s, evidence.results.get(request_id, ()))
    for import_id, commanded in evidence.commanded.items():
        ends = [event for event in evidence.imports.get(import_id, ()) if event.fields.get("state") != "running"]
        yield from judge_times(evidence, import_id, [received.at_s for received in commanded], ends)


def judge_times(
    evidence: Evidence, name: str, asked_s: Sequence[float], answers: Sequence[Output]
) -> Iterator[Violation]:
    """If each answer can be in time, so are they in the order of their times."""
    history = evidence.history
    seen_s = sorted(answer.seen_s for answer in answers)
    for asked, seen in zip(sorted(asked_s), seen_s, strict=False):
        took_s = seen - max(asked, history.last_fault_s)
        if took_s > history.answer_bound_s:
            yield Violation("late_answer", (name,), f"within {history.answer_bound_s:g} s", f"{took_s:.1f} s")
            return


def check_offsets(evidence: Evidence) -> Iterator[Violation]:
    """All that was appended was processed."""
    ends: dict[tuple[str, int], int] = {}
    for record in evidence.history.inputs:
        place = (record.topic, record.partition)
        ends[place] = max(ends.get(place, 0), record.offset + 1)
    for (topic, partition), end in sorted(ends.items()):
        group = "importer" if topic == COMMANDS else "worker"
        committed = evidence.history.committed.get((group, topic, partition))
        if committed is None or committed < end:
            yield Violation("uncommitted", (f"{topic}.{partition}",), f"at least {end}", f"{committed}")
