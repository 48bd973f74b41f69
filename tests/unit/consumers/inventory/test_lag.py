"""Lag: never negative, absent when not known, and no lag by markers alone."""

from datetime import UTC, datetime

import pytest

from consumers.inventory.lag import Lag, Oldest, groups_of, lag_of
from schemas.topics import Topics


@pytest.mark.parametrize(
    ("next_offset", "end", "oldest", "records", "age_s"),
    [
        (5, 5, None, 0, 0.0),
        (9, 5, None, 0, 0.0),
        (5, 9, None, None, None),
        (5, 9, Oldest(None, None), 0, 0.0),
    ],
)
def test_what_is_said_of_a_partition(
    next_offset: int, end: int, oldest: Oldest | None, records: int | None, age_s: float | None
) -> None:
    """Read to the end; past the end of a topic that was created again; not looked at in time; nothing but markers."""
    found = lag_of(Lag("g", "t", 0, next_offset, end), next_offset, oldest)

    assert (records, age_s) == (found.records, found.age_s)


def test_the_oldest_unread_record_has_an_age() -> None:
    """From the broker's clock to ours; a clock that is behind makes no negative age."""
    now = datetime.now(UTC).timestamp()
    old, new = (lag_of(Lag("g", "t", 0, 5, 9), 5, Oldest(6, now + offset_s)) for offset_s in (-60, 60))

    assert (3, 3, 0.0) == (old.records, new.records, new.age_s)
    assert old.age_s is not None
    assert 60 <= old.age_s < 70


def test_every_topic_that_is_read_has_its_group() -> None:
    """By full names."""
    assert {
        "p-worker": ["c.reserve.requests.v1", "c.assign.requests.v1", "c.release.requests.v1"],
        "p-importer": ["c.import.commands.v1"],
        "p-inventory": ["c.inventory.v1"],
    } == groups_of(Topics("c."), "p-")
