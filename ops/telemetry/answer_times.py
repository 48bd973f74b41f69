"""How long requests wait for their answers, as a histogram that is filled batch by batch.

In:       `AnswersVisible`, one per batch; the objective.
Out:      the metrics of `ops.telemetry.metrics.answers`, at each scrape.
Promise:  a batch costs one look-up for each distinct timestamp and outcome in it, not one for each request. All
          series exist from the start. An exemplar is the trace of the batch with the slowest answer of its bucket.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, get_args

from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from ops.telemetry.metric_spec import family
from ops.telemetry.metrics.answers import ANSWERS, MISSES, OBJECTIVE_RATIO, OBJECTIVE_SECONDS, SECONDS
from schemas.objective_settings import ObjectiveSettings
from schemas.observation.answers import AnsweredOperation, AnswerOutcome, AnswersVisible

OPERATIONS: Final[tuple[AnsweredOperation, ...]] = get_args(AnsweredOperation)
SUCCESS: Final[dict[AnsweredOperation, AnswerOutcome]] = {
    "reserve": "reserved",
    "assign": "assigned",
    "release": "released",
    "expire": "released",
}
FAILURES: Final[tuple[AnswerOutcome, ...]] = ("refused", "rejected", "unprocessable")
DIGITS: Final = 9
"""99.9 per cent is 0.999, and not the 0.9990000000000001 of a division."""
BOUNDS: Final = (*map(floatToGoString, SECONDS), "+Inf")


@dataclass(slots=True)
class Tally:
    """The answers of one operation and outcome."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    """By bucket, not cumulative."""
    seconds: float = 0.0
    exemplars: dict[int, Exemplar] = field(default_factory=dict)

    def add(self, seconds: float, count: int, trace_id: str | None, visible_s: float) -> None:
        """Count answers that took equally long."""
        bucket = bisect_left(SECONDS, seconds)
        self.counts[bucket] += count
        self.seconds += seconds * count
        if trace_id is not None:
            self._keep(bucket, Exemplar({"trace_id": trace_id}, seconds, visible_s))

    def _keep(self, bucket: int, exemplar: Exemplar) -> None:
        """Of one batch the slowest answer; a later batch replaces it, because traces are kept for some days only."""
        kept = self.exemplars.get(bucket)
        if kept is None or (exemplar.timestamp, exemplar.value) > (kept.timestamp, kept.value):
            self.exemplars[bucket] = exemplar

    def buckets(self) -> Iterator[tuple[str, float] | tuple[str, float, Exemplar]]:
        """Cumulative, as Prometheus wants them."""
        total = 0
        for number, bound in enumerate(BOUNDS):
            total += self.counts[number]
            exemplar = self.exemplars.get(number)
            yield (bound, total) if exemplar is None else (bound, total, exemplar)


class AnswerTimes(Collector):
    """Lives as long as its process."""

    def __init__(self, objective: ObjectiveSettings) -> None:
        self._objective = objective
        self._tallies = {
            (operation, outcome): Tally() for operation in OPERATIONS for outcome in (SUCCESS[operation], *FAILURES)
        }
        self._misses = dict.fromkeys(OPERATIONS, 0)

    def take(self, answers: AnswersVisible) -> None:
        """Count the answers of a batch. A clock that is behind the broker's makes no negative time."""
        within_s, visible_s = self._objective.answer_within_s, answers.visible_ms / 1000
        for (operation, outcome, timestamp_ms), count in answers.counts.items():
            seconds = max(0, answers.visible_ms - timestamp_ms) / 1000
            tally = self._tallies.get((operation, outcome)) or self._tallies.setdefault((operation, outcome), Tally())
            tally.add(seconds, count, answers.trace_id, visible_s)
            if seconds > within_s or outcome == "unprocessable":
                self._misses[operation] += count

    def collect(self) -> Iterable[Metric]:
        """One family per metric."""
        yield self._histogram()
        misses = family(MISSES)
        for operation, count in self._misses.items():
            misses.add_metric([operation], count)
        yield misses
        for spec, value in (
            (OBJECTIVE_SECONDS, self._objective.answer_within_s),
            (OBJECTIVE_RATIO, round(self._objective.answer_percent / 100, DIGITS)),
        ):
            gauge = family(spec)
            gauge.add_metric([], value)
            yield gauge

    def _histogram(self) -> HistogramMetricFamily:
        found = family(ANSWERS)
        for labels, tally in self._tallies.items():
            found.add_metric(labels, list(tally.buckets()), tally.seconds)
        return found
