"""An import's duration: a function of its document, so that an event published again is the same."""

from datetime import timedelta

from handlers.imports.progress import ended, event_of, lasted_s
from tests.fakes.builders import NOW
from tests.fakes.imports import an_import


def test_an_end_says_how_long_the_import_took() -> None:
    """From its start to its end, to the millisecond, however often it is published."""
    document = ended(an_import(), "failed", "cancelled", None, now=NOW + timedelta(seconds=61, microseconds=234_999))

    event = event_of(document)

    assert (61.234, "failed", "cancelled") == (event.duration_s, event.state, event.reason)
    assert event == event_of(document)


def test_a_running_import_has_no_duration() -> None:
    """Its progress would not be a function of its document."""
    assert event_of(an_import()).duration_s is None


def test_clocks_that_differ_give_no_negative_duration() -> None:
    """The machine that ends an import need not be the one that began it."""
    assert lasted_s(an_import(), NOW - timedelta(seconds=5)) == 0.0


def test_a_cancelled_import_keeps_its_counts() -> None:
    """Those of the rows that are in, and the bytes that they are made of."""
    before = an_import()

    after = ended(before, "failed", "cancelled", None, now=NOW)

    kept = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected", "bytes_read")
    assert [getattr(before, name) for name in kept] == [getattr(after, name) for name in kept]
