"""The time to the answer is true, whole batches at once; what misses the objective is counted beside it."""

import random
from collections import Counter

import pytest
from prometheus_client import CollectorRegistry, Histogram

from ops.telemetry.answer_times import OPERATIONS, AnswerTimes
from ops.telemetry.metrics.answers import SECONDS
from schemas.objective_settings import ObjectiveSettings
from schemas.observation.answers import AnswerOutcome, AnswersVisible, Asked

NOW_MS = 1_000_000_000
TRACE, LATER_TRACE = "a" * 32, "b" * 32


@pytest.fixture
def times() -> AnswerTimes:
    """With an objective of two seconds."""
    return AnswerTimes(ObjectiveSettings())


def a_batch(*waits_ms: int, outcome: AnswerOutcome = "reserved", trace_id: str | None = None) -> AnswersVisible:
    """Answers of reserves that waited so long."""
    counts = Counter(Asked("reserve", outcome, NOW_MS - wait) for wait in waits_ms)
    return AnswersVisible(counts, NOW_MS, trace_id)


def samples(times: AnswerTimes, name: str, **labels: str) -> list[float]:
    """The values of some series."""
    found = [sample for family in times.collect() for sample in family.samples if sample.name == name]
    return [sample.value for sample in found if labels.items() <= sample.labels.items()]


def exemplars(times: AnswerTimes) -> dict[str, str]:
    """Trace by bucket."""
    found = [sample for family in times.collect() for sample in family.samples if sample.exemplar]
    return {sample.labels["le"]: sample.exemplar.labels["trace_id"] for sample in found if sample.exemplar}


def test_it_counts_as_prometheus_own_histogram_does(times: AnswerTimes) -> None:
    """Bounds included: an answer after exactly a second is in the bucket of a second."""
    own = Histogram("own", "Compared.", buckets=SECONDS, registry=CollectorRegistry())
    rng = random.Random(1)
    waits = [*(int(bound * 1000) for bound in SECONDS), *(rng.randrange(400_000) for _ in range(500))]

    times.take(a_batch(*waits))
    for wait in waits:
        own.observe(wait / 1000)

    expected = [sample.value for family in own.collect() for sample in family.samples if sample.name == "own_bucket"]
    labels = {"operation": "reserve", "outcome": "reserved"}
    assert expected == samples(times, "codes_answer_seconds_bucket", **labels)
    assert [len(waits)] == samples(times, "codes_answer_seconds_count", **labels)
    assert [pytest.approx(sum(waits) / 1000)] == samples(times, "codes_answer_seconds_sum", **labels)


def test_an_answer_misses_the_objective_when_it_is_late_or_ours_to_mend(times: AnswerTimes) -> None:
    """A refusal and a sender's own mistake are good answers if they come in time."""
    times.take(a_batch(1_999, 2_000, 2_001, 60_000))
    times.take(a_batch(10, outcome="refused"))
    times.take(a_batch(10, outcome="rejected"))
    times.take(a_batch(10, 10, outcome="unprocessable"))

    assert [4] == samples(times, "codes_objective_misses_total", operation="reserve")
    assert [0] == samples(times, "codes_objective_misses_total", operation="assign")


def test_every_series_is_there_from_the_start(times: AnswerTimes) -> None:
    """A rate needs a zero before the first event; outcomes that an operation cannot have are left out."""
    assert len(OPERATIONS) * 4 == len(samples(times, "codes_answer_seconds_count"))
    assert {0.0} == {*samples(times, "codes_answer_seconds_bucket"), *samples(times, "codes_objective_misses_total")}
    assert [] == samples(times, "codes_answer_seconds_count", operation="reserve", outcome="assigned")


def test_the_objective_is_reported(times: AnswerTimes) -> None:
    """Rules read it, so a change of the setting needs no other file."""
    assert ([2.0], [0.999]) == (
        samples(times, "codes_objective_answer_seconds"),
        samples(times, "codes_objective_answers_ratio"),
    )


def test_an_exemplar_is_the_newest_batchs_slowest_answer(times: AnswerTimes) -> None:
    """One for each bucket; none without traces."""
    times.take(a_batch(600))
    assert {} == exemplars(times)

    times.take(a_batch(300, 400, 700, trace_id=TRACE))
    times.take(a_batch(350, trace_id=LATER_TRACE))

    assert {"0.5": TRACE, "1.0": TRACE} == exemplars(times)
    later = a_batch(290, trace_id=LATER_TRACE)
    times.take(AnswersVisible({Asked("reserve", "reserved", NOW_MS): 1}, NOW_MS + 290, later.trace_id))
    assert {"0.5": LATER_TRACE, "1.0": TRACE} == exemplars(times)


def test_a_clock_behind_the_brokers_makes_no_negative_time(times: AnswerTimes) -> None:
    """It counts as no time."""
    times.take(a_batch(-5_000))

    assert [0.0] == samples(times, "codes_answer_seconds_sum", operation="reserve", outcome="reserved")
