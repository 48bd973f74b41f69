"""The search finds an order of a code's moves exactly where there is one."""

from collections.abc import Sequence
from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checking.search import Operation, State, after_all, last_state

KINDS = ("reserve", "give", "assign", "release")


@st.composite
def operations(draw: st.DrawFn) -> list[Operation]:
    """Few moves in few moments, so that they overlap in many ways."""
    count = draw(st.integers(1, 6))
    found = []
    for number in range(count):
        start_s = draw(st.integers(0, 8))
        end_s = start_s + draw(st.integers(0, 6))
        holder = draw(st.sampled_from("RST"))
        found.append(Operation(start_s, end_s, draw(st.sampled_from(KINDS)), holder, f"q-{number}"))
    return found


def keeps_time(order: Sequence[Operation]) -> bool:
    """No move is before one that had ended when it began."""
    latest_start_s = float("-inf")
    for operation in order:
        latest_start_s = max(latest_start_s, operation.start_s)
        if operation.end_s < latest_start_s:
            return False
    return True


def tried(found: Sequence[Operation]) -> set[State]:
    """The last states of all orders, by trying every one."""
    states = (after_all(order) for order in permutations(found) if keeps_time(order))
    return {state for state in states if state is not None}


@settings(max_examples=400, deadline=None)
@given(operations())
def test_it_finds_what_trying_every_order_finds(found: list[Operation]) -> None:
    """The memory and the order of the starts spare work, and change nothing."""
    possible, actual = tried(found), last_state(found)

    assert actual in possible if possible else actual is None


def test_an_order_other_than_that_of_the_starts_is_found() -> None:
    """A release that began last was the first of three that overlap."""
    found = [
        Operation(0, 1, "reserve", "R", "r-1"),
        Operation(2, 9, "reserve", "S", "r-2"),
        Operation(3, 9, "release", "R", "x-1"),
    ]

    assert ("reserved", "S") == last_state(found)


def test_a_release_that_began_too_late_explains_nothing() -> None:
    """The second hold was seen before anybody asked to release the first."""
    found = [
        Operation(0, 1, "reserve", "R", "r-1"),
        Operation(2, 3, "reserve", "S", "r-2"),
        Operation(4, 5, "release", "R", "x-1"),
    ]

    assert last_state(found) is None


def test_a_code_that_goes_from_hand_to_hand_a_thousand_times_is_searched_at_once() -> None:
    """Each hold overlaps the release before it, so that no order is given by the starts alone."""
    found: list[Operation] = []
    for number in range(1_000):
        holder = f"R{number}"
        found += [
            Operation(number * 2 - 1, number * 2 + 0.5, "reserve", holder, f"r-{number}"),
            Operation(number * 2 + 1.5, number * 2 + 2.4, "release", holder, f"x-{number}"),
        ]

    assert all(first.start_s <= second.start_s for first, second in pairwise(sorted(found)))
    assert ("available", "") == last_state(found)
