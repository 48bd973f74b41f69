"""The trend of a lag, as a word; and whether a group has stopped reading."""

import pytest

from consumers.inventory.lag import Lag
from consumers.inventory.lag_trend import STALLED_S, LagTrends, word_of


def lag(*records: int | None, age_s: float | None = 1.0, committed: int = 0) -> list[Lag]:
    """A reading of one topic, a partition each."""
    return [Lag("g", "t", place, committed, 100, count, age_s) for place, count in enumerate(records)]


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        ([], "not known"),
        ([None], "not known"),
        ([5], "not known yet"),
        ([0], "nothing waits"),
        ([5, 0], "caught up"),
        ([100, 104], "steady"),
        ([100, None, 200], "rising"),
        ([200, 150, 100], "falling"),
    ],
)
def test_a_trend_has_a_word(samples: list[int | None], word: str) -> None:
    """The page and `codes top` show it as it is."""
    assert word == word_of(samples)


def test_partitions_are_summed_and_the_oldest_counts() -> None:
    """An unknown partition makes the sum unknown, not smaller."""
    [known], [unknown] = LagTrends().add(lag(3, 4), 0), LagTrends().add(lag(3, None, age_s=None), 0)

    assert (7, 1.0, "not known yet") == (known.records, known.age_s, known.trend)
    assert (None, None, "not known") == (unknown.records, unknown.age_s, unknown.trend)


def test_a_group_that_reads_nothing_is_stalled_and_not_steady() -> None:
    """Without any worker the unread records stay the same; that is no steady state of work."""
    trends = LagTrends()
    words = [trends.add(lag(105), now)[0].trend for now in (0, 5, STALLED_S, 20)]

    assert ["not known yet", "steady", "stalled", "stalled"] == words
    assert 25.0 == trends.add(lag(105), 25)[0].stalled_s


def test_a_group_that_commits_is_not_stalled() -> None:
    """However many records wait; and the stall is over at the next offset."""
    trends = LagTrends()
    trends.add(lag(50), 0)
    [stalled] = trends.add(lag(60), 20)
    [reading] = trends.add(lag(70, committed=1), 25)
    [after] = trends.add(lag(80, committed=2), 60)

    assert ("stalled", 20.0) == (stalled.trend, stalled.stalled_s)
    assert ("rising", None) == (reading.trend, reading.stalled_s)
    assert ("rising", None) == (after.trend, after.stalled_s)


def test_one_partition_that_stands_still_is_enough() -> None:
    """The others hide it in the sum."""
    trends = LagTrends()
    for now in (0, 5, 10):
        parts = [*lag(3), Lag("g", "t", 1, now, 100, 0, 0.0)]
        [found] = trends.add(parts, now)

    assert "stalled" == found.trend


def test_the_stall_begins_with_the_first_unread_record() -> None:
    """A group that has nothing to read commits nothing, and that is well."""
    trends = LagTrends()
    trends.add(lag(0), 0)
    [found] = trends.add(lag(1), 600)

    assert (None, "rising") == (found.stalled_s, found.trend)
