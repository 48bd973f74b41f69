"""A batch that is emitted, as facts.

In:   what was read, decided and emitted; how long each step took.
Out:  one `DeadLetterWritten` per dead letter, one `BatchReport`, one `AnswersVisible`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from consumers.worker.outputs import Outputs
from handlers.requests.plan import Answer, Plan
from schemas.base import Operation
from schemas.observation.answers import AnswerOutcome, AnswersVisible, Asked
from schemas.observation.fact import Observer
from schemas.observation.requests import BatchReport, DeadLetterWritten, Step
from schemas.records import IncomingRecord, Rejected
from schemas.requests import ReleaseRequest


def observe_batch(
    observer: Observer,
    records: Sequence[IncomingRecord],
    plans: Sequence[Plan],
    rejections: Sequence[Rejected],
    outputs: Outputs,
    seconds: Mapping[Step, float],
) -> None:
    """After the commit: a batch that is read again must not be counted twice."""
    for rejected in rejections:
        observer.observe(DeadLetterWritten(rejected))
    answers = [answer for plan in plans for answer in plan.answers]
    observer.observe(
        BatchReport(
            topic=records[0].topic,
            partition=records[0].partition,
            first_offset=records[0].offset,
            last_offset=records[-1].offset,
            outcomes=Counter(answer.result.outcome for answer in answers),
            refusals=Counter(answer.result.reason for answer in answers if answer.result.reason is not None),
            rejections=Counter(rejected.reason for rejected in rejections),
            repeats=sum(answer.repeated for answer in answers),
            replies_refused=outputs.replies_refused,
            seconds=seconds,
        )
    )


def answers_visible(
    operation: Operation,
    plans: Sequence[Plan],
    rejections: Sequence[Rejected],
    visible_at: datetime,
    trace_id: str | None,
) -> AnswersVisible:
    """The answers of an emitted batch, counted. A record without a timestamp (-1) has no time to its answer.

    Plain tuples are counted first: a batch has hundreds of requests, and a few timestamps.
    """
    answers = [answer for plan in plans for answer in plan.answers]
    expiries = [by_expirer(answer) for answer in answers] if operation == "release" else [False] * len(answers)
    outcomes = [(answer.result.outcome, answer.asked.record.timestamp_ms) for answer in answers]
    counts = {
        Asked("expire" if is_expiry else operation, outcome, timestamp_ms): count
        for (is_expiry, (outcome, timestamp_ms)), count in Counter(zip(expiries, outcomes, strict=True)).items()
        if timestamp_ms >= 0
    }
    rejected = Counter(Asked(operation, outcome_of(found), found.record.timestamp_ms) for found in rejections)
    counts |= {asked: count for asked, count in rejected.items() if asked.timestamp_ms >= 0}
    return AnswersVisible(counts, int(visible_at.timestamp() * 1000), trace_id)


def by_expirer(answer: Answer) -> bool:
    """Whether the expirer asked for it: then no sender waits."""
    request = answer.asked.request
    return isinstance(request, ReleaseRequest) and request.by_expirer


def outcome_of(rejected: Rejected) -> AnswerOutcome:
    """Whose fault a dead letter is."""
    return "unprocessable" if rejected.reason == "unprocessable" else "rejected"
