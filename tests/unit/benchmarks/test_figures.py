"""Figures of a run, from known times and samples."""

import pytest

from benchmarks.cpu import Sample, cpu_at, cpu_between
from benchmarks.figures import median_of, medians, percentile, run_of, steady_rate

SAMPLES = [
    Sample(0.0, {"system": 0.0, "kafka": 5.0}, {"system": 50.0, "kafka": 900.0}),
    Sample(10.0, {"system": 1.0, "kafka": 5.0}, {"system": 80.0, "kafka": 900.0}),
    Sample(20.0, {"system": 3.0, "kafka": 6.0}, {"system": 70.0, "kafka": 900.0}),
]


def test_cpu_time_between_two_samples_grows_evenly() -> None:
    """Outside of the samples it is that of the nearest one."""
    found = [cpu_at(SAMPLES, "system", at_s) for at_s in (-1.0, 0.0, 5.0, 10.0, 15.0, 99.0)]

    assert pytest.approx([0.0, 0.0, 0.5, 1.0, 2.0, 3.0]) == found


def test_cpu_time_is_known_for_each_process() -> None:
    """From 5 to 15 seconds: a half of each step."""
    assert pytest.approx({"system": 1.5, "kafka": 0.5}) == cpu_between(SAMPLES, 5.0, 15.0)


def test_a_run_leaves_out_start_and_end() -> None:
    """100 results, 10 a second; 80 of them between second 2 and 10, in which the system used 0.8 s."""
    times_ms = [1_000 + 100 * number for number in range(100)]

    run = run_of(times_ms, 0, SAMPLES)

    assert 10.0 == pytest.approx(run.per_s)
    assert 100 == run.requests
    assert pytest.approx({"system": 10_000.0, "kafka": 0.0}) == run.cpu_us
    assert 80.0 == run.rss_mb


def test_memory_is_known_at_each_tenth() -> None:
    """The most so far, so a flat run has the same figure to its end."""
    times_ms = [2_000 * number for number in range(1, 11)]

    assert (50, 50, 50, 50, 80, 80, 80, 80, 80, 80) == tuple(run_of(times_ms, 0, SAMPLES).rss_mb_by_tenth)


def test_a_stalled_run_has_a_low_rate() -> None:
    """A gap in the middle counts."""
    times_ms = [*range(50), *range(10_050, 10_100)]

    assert 8.0 == pytest.approx(steady_rate(times_ms), rel=0.01)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    """The smallest that so many do not exceed."""
    assert expected == percentile([float(value) for value in range(100, 0, -1)], share)


def test_unknown_figures_are_left_out_of_a_median() -> None:
    """None of them: None."""
    assert 2.0 == median_of([1.0, None, 2.0, 9.0])
    assert None is median_of([None, None])


def test_the_median_of_each_process_is_its_own() -> None:
    """By name."""
    assert {"a": 2.0, "b": 8.0} == medians([{"a": 1.0, "b": 9.0}, {"a": 2.0, "b": 8.0}, {"a": 3.0, "b": 7.0}])
