"""What was sent and answered, by number."""

import sys

import pytest

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.journal import Answer, Journal

RESERVE = Arrival(0.0, "reserve")


@pytest.fixture
def journal() -> Journal:
    """Of at most ten requests; an answer is in time within two seconds."""
    return Journal("run", 10, 2.0)


def test_an_answer_counts_from_the_brokers_timestamp(journal: Journal) -> None:
    """For all requests, its operation, and the ten seconds of its arrival."""
    number = journal.send(Arrival(21.5, "assign"), 1_000)
    journal.acknowledge(number, 1_003, 1_010)

    first = journal.answer(Answer("run.0", "assigned"), 1_503)

    assert (0, 1, 0) == (first, journal.total.answered, journal.unanswered)
    for tally in (journal.total, journal.by_operation["assign"], journal.by_interval[2]):
        assert (1, 1, 1, 0.5) == (tally.sent, tally.answered, tally.in_time, tally.times.max_s)
    assert 0 == journal.by_operation["reserve"].sent


@pytest.mark.parametrize(("timestamp_ms", "asked_ms"), [(400, 1_000), (1_004, 1_004), (9_000, 1_010)])
def test_clocks_that_differ_move_a_request_no_further_than_its_acknowledgement(
    journal: Journal, timestamp_ms: int, asked_ms: int
) -> None:
    """By this machine's clock it was written between sending and acknowledgement."""
    journal.acknowledge(journal.send(RESERVE, 1_000), timestamp_ms, 1_010)

    journal.answer(Answer("run.0", "reserved"), 2_000)

    assert (2_000 - asked_ms) / 1_000 == journal.total.times.max_s


def test_an_answer_may_come_before_the_acknowledgement(journal: Journal) -> None:
    """It counts from the sending."""
    number = journal.send(RESERVE, 1_000)
    journal.answer(Answer("run.0", "reserved"), 1_200)
    journal.acknowledge(number, 1_100, 1_300)

    assert (0.2, 0) == (journal.total.times.max_s, journal.unanswered)


def test_a_repeat_has_an_answer_of_its_own(journal: Journal) -> None:
    """The first result answers the first record, the second one the repeat; a third one was not asked for."""
    original = journal.send(RESERVE, 1_000)
    journal.send(RESERVE, 2_000, original)
    answer = Answer("run.0", "reserved")

    found = [journal.answer(answer, now_ms) for now_ms in (1_500, 2_100, 2_200)]

    assert [0, None, None] == found
    assert (2, 1, 0, 1) == (journal.total.answered, journal.repeats, journal.unanswered, journal.surplus)
    assert 0.5 == journal.total.times.max_s
    assert 0.1 == pytest.approx(journal.total.times.within(0.5), rel=0.03)


@pytest.mark.parametrize("request_id", ["other.0", "run.1", "run.x", "run", "None"])
def test_results_of_others_are_not_counted(journal: Journal, request_id: str) -> None:
    """Nor those of a number that was not sent."""
    journal.send(RESERVE, 1_000)

    assert journal.answer(Answer(request_id, "reserved"), 1_500) is None
    assert (1, 0) == (journal.unanswered, journal.surplus)


def test_a_refusal_is_an_answer_with_a_reason(journal: Journal) -> None:
    """A late one misses the objective like any other."""
    journal.send(RESERVE, 1_000)
    journal.answer(Answer("run.0", "refused", "out_of_stock"), 3_001)

    assert ({"out_of_stock": 1}, 0, 0.0) == (
        journal.total.refused,
        journal.total.in_time,
        journal.total.within_percent,
    )


def test_a_million_requests_without_an_answer_take_little_memory() -> None:
    """12 bytes each."""
    journal = Journal("run", 1_000_000, 2.0)

    arrays = (journal._asked_ms, journal._intervals, journal._operations, journal._is_answered)

    assert sum(map(sys.getsizeof, arrays)) < 12_100_000
