"""Filters say which offsets are read, and which dead letters are chosen."""

import pytest

from ops.letters.choice import Choice
from ops.letters.letter import Address
from tests.fakes.letters import a_letter

AT_MS = a_letter().record.timestamp_ms


@pytest.mark.parametrize(
    ("choice", "span"),
    [
        (Choice(), (10, 100)),
        (Choice(partition=1), (100, 100)),
        (Choice(first_offset=20, last_offset=29), (20, 30)),
        (Choice(first_offset=5, last_offset=2_000), (10, 100)),
        (Choice(first_offset=100), (100, 100)),
        (Choice(last_offset=9), (100, 100)),
        (Choice.at(Address(0, 42)), (42, 43)),
        (Choice.at(Address(0, 100)), (100, 100)),
    ],
)
def test_only_the_chosen_offsets_are_read(choice: Choice, span: tuple[int, int]) -> None:
    """Of partition 0, which has the offsets 10 to 99. Where nothing is to be read, the reader stands at the end."""
    assert span == choice.span(0, beginning=10, end=100)


@pytest.mark.parametrize(
    ("choice", "is_chosen"),
    [
        (Choice(), True),
        (Choice(topic="t.reserve.requests.v1"), True),
        (Choice(topic="t.assign.requests.v1"), False),
        (Choice(reasons=frozenset({"invalid", "not_json"})), True),
        (Choice(reasons=frozenset({"not_json"})), False),
        (Choice(since_ms=AT_MS, until_ms=AT_MS + 1), True),
        (Choice(since_ms=AT_MS + 1), False),
        (Choice(until_ms=AT_MS), False),
        (Choice(waiting=True), True),
    ],
)
def test_all_filters_must_agree(choice: Choice, is_chosen: bool) -> None:
    """The beginning of a time window is in it, its end is not."""
    assert is_chosen == choice.includes(a_letter(), is_replayed=False)


def test_what_was_replayed_waits_no_longer() -> None:
    """Without the filter it is listed, with its state."""
    assert not Choice(waiting=True).includes(a_letter(), is_replayed=True)
    assert Choice().includes(a_letter(), is_replayed=True)
