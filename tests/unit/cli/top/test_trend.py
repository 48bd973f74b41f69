"""The trend of a lag, as a word."""

import pytest

from cli.top.trend import Trends, word_of
from web.models import LagList, PartitionLag


def lag(*records: int | None, age_s: float | None = 1.0) -> LagList:
    parts = [
        PartitionLag(group="g", topic="t", partition=place, committed=0, end=1, records=count, age_s=age_s)
        for place, count in enumerate(records)
    ]
    return LagList(known=True, items=parts)


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        ([], "not known"),
        ([5], "not known yet"),
        ([0], "nothing waits"),
        ([5, 0], "caught up"),
        ([100, 104], "steady"),
        ([100, 200], "rising"),
        ([200, 150, 100], "falling"),
    ],
)
def test_a_trend_has_a_word(samples: list[int], word: str) -> None:
    """The page uses the same words."""
    assert word == word_of(samples)


def test_partitions_are_summed_and_the_oldest_counts() -> None:
    """An unknown partition makes the sum unknown, not smaller."""
    [known], [unknown] = Trends().add(lag(3, 4), 0), Trends().add(lag(3, None, age_s=None), 0)

    assert (7, 1.0, "not known yet") == (known.records, known.age_s, known.trend)
    assert (None, None, "not known") == (unknown.records, unknown.age_s, unknown.trend)


def test_only_the_last_minute_counts() -> None:
    """A lag that fell an hour ago and no longer changes is steady."""
    trends = Trends()
    words = [
        trends.add(lag(records), now)[0].trend for now, records in ((0, 900), (30, 100), (70, 100), (3_700, 100))
    ]

    assert ["not known yet", "falling", "steady", "not known yet"] == words
