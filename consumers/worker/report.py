"""A batch that is emitted, as facts.

In:   what was read, decided and emitted; how long each step took.
Out:  one `DeadLetterWritten` per dead letter, one `BatchReport`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from consumers.worker.outputs import Outputs
from handlers.requests.plan import Plan
from schemas.observation.fact import Observer
from schemas.observation.requests import BatchReport, DeadLetterWritten, Step
from schemas.records import IncomingRecord, Rejected


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
