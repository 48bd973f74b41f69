"""Rule 1: every record has its answer, once.

In:   evidence.
Out:  violations, and for each request id its decision, for the rules that follow.

| rule | broken if |
|---|---|
| `unanswered` | a readable record, or an unreadable one whose `request_id` can be read, has no result of its own |
| `answered_twice` | there are more results than records |
| `different_answers` | results of the same request differ in their bodies or in `ce_id` |
| `two_decisions` | several contents under one id, and not exactly one of them was decided |
| `never_asked` | a result has an id under which nothing was asked |
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.checking.evidence import Asked, Evidence, Output, Unreadable
from tests.checking.instants import instant_of
from tests.checking.legality import misfits
from tests.checking.requests import Content, Fields
from tests.checking.violation import Violation


@dataclass(slots=True)
class Decision:
    """What became of one request."""

    content: Content
    body: Fields
    start_s: float
    """When the first record of the request was appended."""
    end_s: float
    """When its first result was seen."""
    asked: Sequence[Asked]

    @property
    def is_granted(self) -> bool:
        """Whether it moved codes."""
        return self.body.get("outcome") != "refused"

    @property
    def code_ids(self) -> Sequence[str]:
        """The codes that it moved."""
        return self.body.get("code_ids") or ()

    @property
    def reservation_id(self) -> str:
        """The reservation that it made or named."""
        return self.content.reservation_id or self.content.request_id


@dataclass(slots=True)
class Answers:
    """All decisions by request id, and what is wrong with the answers."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    repeats: int = 0
    """Results beyond one for each record, which `at_least_once` allows."""


def match_answers(evidence: Evidence) -> Answers:
    """Match results with records, id by id."""
    found = Answers()
    for request_id, asked in evidence.asked.items():
        match_id(evidence, request_id, asked, found)
    for request_id in evidence.answerable:
        if request_id not in evidence.asked:
            match_id(evidence, request_id, [], found)
    for request_id, results in evidence.results.items():
        if request_id not in evidence.asked and request_id not in evidence.answerable:
            found.violations.append(Violation("never_asked", (request_id,), "no result", f"{len(results)}"))
    return found


def match_id(evidence: Evidence, request_id: str, asked: Sequence[Asked], found: Answers) -> None:
    """Match all that was asked and answered under one id."""
    results: Sequence[Output] = evidence.results.get(request_id, ())
    unreadable: Sequence[Unreadable] = evidence.answerable.get(request_id, ())
    if unreadable:
        results = match_unreadable(evidence, unreadable, results, found)
    if not asked:
        if results:
            found.violations.append(Violation("never_asked", (request_id,), "no result", f"{len(results)}"))
        return
    if len(asked) == len(results) == 1:
        found.decisions[request_id] = decision_of(asked, results)
        return
    match_readable(evidence, request_id, asked, results, found)


def match_unreadable(
    evidence: Evidence, unreadable: Sequence[Unreadable], results: Sequence[Output], found: Answers
) -> Sequence[Output]:
    """Match results with the unreadable records that they answer; gives those that answer none."""
    expected = Counter(refusal_of(record) for record in unreadable)
    actual = Counter(key for key in map(refusal_in, results) if key in expected)
    for key, count in expected.items():
        judge_count(evidence, key[0], count, actual[key], found)
    return [result for result in results if refusal_in(result) not in expected]


Refusal = tuple[object, ...]


def refusal_of(unreadable: Unreadable) -> tuple[str, str | None, str | None, str | None, int]:
    """What the answer to an unreadable record says. It is dated like the record."""
    operation, timestamp_ms = unreadable.operation, unreadable.record.timestamp_ms
    return (unreadable.request_id or "", operation, unreadable.campaign_id, unreadable.fan_id, timestamp_ms)


def refusal_in(result: Output) -> Refusal:
    """The same of a result; nothing if it answers a readable record."""
    body = result.fields
    if body.get("reason") != "invalid_request":
        return ()
    decided = instant_of(body.get("decided_at"))
    return (body["request_id"], body.get("operation"), body.get("campaign_id"), body.get("fan_id"), decided)


def match_readable(
    evidence: Evidence, request_id: str, asked: Sequence[Asked], results: Sequence[Output], found: Answers
) -> None:
    """Match the readable records of one id with their results."""
    contents: dict[Content, list[Asked]] = {}
    for request in asked:
        contents.setdefault(request.content, []).append(request)
    if not results:
        found.violations.append(Violation("unanswered", (request_id,), counted(len(asked)), "none"))
        return
    if len(contents) > 1:
        match_reuse(evidence, contents, results, found)
        return
    judge_count(evidence, request_id, len(asked), len(results), found)
    found.violations += differences(request_id, results)
    found.decisions[request_id] = decision_of(asked, results)


def match_reuse(
    evidence: Evidence, contents: dict[Content, list[Asked]], results: Sequence[Output], found: Answers
) -> None:
    """Match an id with several contents: one was decided, all others are refused as `request_id_reused`."""
    request_id = results[0].fields["request_id"]
    decided = [result for result in results if result.fields.get("reason") != "request_id_reused"]
    refused = [result for result in results if result.fields.get("reason") == "request_id_reused"]
    bodies = {result.value for result in decided}
    if len(bodies) != 1:
        kind = "unanswered" if not bodies else "two_decisions"
        found.violations.append(Violation(kind, (request_id,), "1 decision", f"{len(bodies)}"))
        return
    winner = winner_of(contents, decided, refused)
    judge_count(evidence, request_id, len(contents[winner]), len(decided), found)
    found.violations += differences(request_id, decided)
    judge_refused(evidence, request_id, [key for key in contents if key != winner], contents, refused, found)
    found.decisions[request_id] = decision_of(contents[winner], decided)


def winner_of(contents: dict[Content, list[Asked]], decided: Sequence[Output], refused: Sequence[Output]) -> Content:
    """The content that was decided: it fits the answer, and the others fit the refusals."""
    fitting = [content for content in contents if not misfits(content, decided[0].fields)]
    left = Counter(reused_in(result) for result in refused)
    for content in fitting:
        others = Counter(reused_of(other) for other in contents if other != content for _ in contents[other])
        if others == left:
            return content
    return next(iter(fitting or contents))


def judge_refused(
    evidence: Evidence,
    request_id: str,
    losers: Sequence[Content],
    contents: dict[Content, list[Asked]],
    refused: Sequence[Output],
    found: Answers,
) -> None:
    """Compare the refusals of all contents that were not decided, those that look alike together."""
    expected = Counter(reused_of(content) for content in losers for _ in contents[content])
    actual = Counter(map(reused_in, refused))
    for key in expected | actual:
        judge_count(evidence, request_id, expected[key], actual[key], found)
    by_ce_id: dict[bytes, list[Output]] = {}
    for result in refused:
        by_ce_id.setdefault(result.ce_id, []).append(result)
    if len(by_ce_id) != len(losers):
        kinds = f"{len(losers)} kinds of refusal"
        found.violations.append(Violation("different_answers", (request_id,), kinds, f"{len(by_ce_id)}"))
    for results in by_ce_id.values():
        found.violations += differences(request_id, results)


def reused_of(content: Content) -> Refusal:
    """What the refusal of a reused id repeats of its request."""
    return (content.operation, content.campaign_id, content.fan_id)


def reused_in(result: Output) -> Refusal:
    """The same of a result."""
    body = result.fields
    return (body.get("operation"), body.get("campaign_id"), body.get("fan_id"))


def judge_count(evidence: Evidence, request_id: str, expected: int, actual: int, found: Answers) -> None:
    """One result for each record."""
    if actual < expected:
        found.violations.append(Violation("unanswered", (request_id,), counted(expected), f"{actual}"))
    elif actual > expected and evidence.once:
        found.violations.append(Violation("answered_twice", (request_id,), counted(expected), f"{actual}"))
    elif actual > expected:
        found.repeats += actual - expected


def differences(request_id: str, results: Sequence[Output]) -> Iterator[Violation]:
    """All results of one request are equal in body and `ce_id`."""
    bodies, ids = {result.value for result in results}, {result.ce_id for result in results}
    if len(bodies) > 1 or len(ids) > 1:
        found = f"{len(bodies)} bodies, {len(ids)} values of ce_id"
        yield Violation("different_answers", (request_id,), "equal results", found)


def counted(count: int) -> str:
    """So many results."""
    return f"{count} result{'s' if count > 1 else ''}"


def decision_of(asked: Sequence[Asked], results: Sequence[Output]) -> Decision:
    """The decision behind equal requests and their results."""
    start_s = min(request.at_s for request in asked)
    first = min(results, key=lambda result: result.seen_s)
    return Decision(asked[0].content, first.fields, start_s, first.seen_s, asked)
