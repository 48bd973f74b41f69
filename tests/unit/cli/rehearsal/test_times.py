"""Percentiles in little memory."""

from random import Random

import pytest

from cli.rehearsal.times import Times


def times_of(*values: float) -> Times:
    """All of these durations."""
    times = Times()
    for value in values:
        times.add(value)
    return times


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 0.999, 1.0])
def test_a_percentile_is_at_most_two_per_cent_too_high(share: float) -> None:
    """Compared with the sorted durations."""
    chance = Random(7)
    values = sorted(chance.lognormvariate(-3, 2) + 0.001 for _ in range(1_000))

    found = times_of(*values).within(share)

    exact = values[round(share * 1_000) - 1]
    assert found is not None
    assert exact * 0.999999 <= found <= exact * 1.020001


def test_the_maximum_is_exact() -> None:
    """And no percentile exceeds it."""
    times = times_of(0.1234, 0.0)

    assert (2, 0.1234, 0.1234) == (times.count, times.max_s, times.within(1.0))


def test_of_more_requests_than_were_answered_a_share_may_be_unknown() -> None:
    """9 of 10 were answered: nine tenths of them took at most 0.2 s, all of them for ever."""
    times = times_of(*[0.1] * 8, 0.2)

    assert (0.2, None) == (times.within(0.9, of=10), times.within(1.0, of=10))
    assert 0.1 == pytest.approx(times.within(0.8, of=10), rel=0.03)


def test_of_nothing_there_is_no_percentile() -> None:
    """And not 0."""
    assert times_of().within(0.99) is None


def test_memory_does_not_grow_with_the_number() -> None:
    """Between a millisecond and an hour there are fewer than 800 classes."""
    chance = Random(7)

    times = times_of(*(3_600 * chance.random() ** 9 for _ in range(20_000)))

    assert len(times._classes) < 800
