"""How fast an import goes and how long it takes: honest also at its beginning and while it waits."""

from handlers.inventory.pace import EVENT_EVERY_S, SAMPLES_MAX, WINDOW_S, Pace, Sample

TOTAL = 1_000_000


def paced(*samples: tuple[float, int]) -> Pace:
    """Rows of ten bytes at these seconds."""
    pace = Pace()
    for at_s, rows in samples:
        pace.add(Sample(at_s, rows, rows * 10))
    return pace


def test_rows_a_second_and_the_time_left() -> None:
    """Both from the same events."""
    pace = paced((0, 0), (10, 20_000))

    assert (2_000.0, 40.0) == (pace.rows_per_s(10), pace.left_s(10, TOTAL))


def test_a_single_event_says_nothing() -> None:
    """Neither does none, nor two of the same moment; without a size no time is left either."""
    assert [None, None] == [paced().rows_per_s(5), paced().left_s(5, TOTAL)]
    assert [None, None] == [paced((0, 500)).rows_per_s(1), paced((0, 500)).left_s(1, TOTAL)]
    assert paced((0, 0), (0.1, 500)).left_s(0.1, TOTAL) is None
    assert paced((0, 0), (10, 500)).left_s(10, None) is None


def test_an_import_that_goes_on_from_the_middle_is_not_faster() -> None:
    """What an earlier run wrote is not counted as this run's."""
    assert 100.0 == paced((0, 90_000), (10, 91_000)).rows_per_s(10)


def test_silence_makes_it_slower() -> None:
    """The time left grows while the database does not answer; a usual pause between two events does not count."""
    pace = paced((0, 0), (10, 20_000))

    assert 2_000.0 == pace.rows_per_s(10 + EVENT_EVERY_S)
    assert 500.0 == pace.rows_per_s(40 + EVENT_EVERY_S)
    assert 160.0 == pace.left_s(40 + EVENT_EVERY_S, TOTAL)


def test_only_the_last_minute_counts() -> None:
    """A slow beginning is forgotten, and memory is bounded."""
    pace = paced(*((float(second), 0) for second in range(100)), (100, 0), (101, 60_000))

    assert 1_000.0 == pace.rows_per_s(101)
    assert len(pace.samples) <= min(WINDOW_S + 1, SAMPLES_MAX)


def test_an_import_that_writes_nothing_has_no_end() -> None:
    """Rather than a time of thousands of years."""
    assert (0.0, None) == (paced((0, 5), (10, 5)).rows_per_s(10), paced((0, 5), (10, 5)).left_s(10, TOTAL))
