"""Whether operations on one register can have happened one after the other (Wing and Gong's search, with a memory).

In:       operations as intervals: each took effect at some moment between its start and its end.
Out:      the register's last state, or None if no order of them explains all.
Promise:  an operation that ended before another one started is before it in the order. Every such order is tried
          before None is given; no combination of operations done and state is searched twice.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

State = tuple[str, str]
"""Status of a code, and the reservation that it belongs to."""

FREE: Final[State] = ("available", "")


class Operation(NamedTuple):
    """One move of a code."""

    start_s: float
    end_s: float
    kind: str
    """`reserve`, `give` (from stock), `assign` or `release`."""
    reservation_id: str
    request_id: str


def moved(state: State, operation: Operation) -> State | None:
    """The state after an operation; None if it cannot happen in this state."""
    kind, holder = operation.kind, operation.reservation_id
    if kind in ("reserve", "give"):
        return ("reserved" if kind == "reserve" else "assigned", holder) if state == FREE else None
    if state != ("reserved", holder):
        return None
    return ("assigned", holder) if kind == "assign" else FREE


def last_state(operations: Sequence[Operation]) -> State | None:
    """See the module. Nearly always the order of the starts is an explanation, so it is tried first."""
    in_order = sorted(operations)
    return after_all(in_order) or searched(in_order)


def after_all(in_order: Sequence[Operation]) -> State | None:
    """The state after these operations in this order."""
    state = FREE
    for operation in in_order:
        following = moved(state, operation)
        if following is None:
            return None
        state = following
    return state


def searched(in_order: Sequence[Operation]) -> State | None:
    """Depth first; `done` is a set of bits, counted from the first operation that is not done."""
    stack = [(0, 0, FREE)]
    seen = set(stack)
    while stack:
        first, done, state = stack.pop()
        if first == len(in_order):
            return state
        for index in candidates(in_order, first, done):
            following = moved(state, in_order[index])
            if following is None:
                continue
            node = (*without_done(first, done | 1 << (index - first)), following)
            if node not in seen:
                seen.add(node)
                stack.append(node)
    return None


def candidates(in_order: Sequence[Operation], first: int, done: int) -> Iterator[int]:
    """Operations that may be next: none that is still to be done has ended before they started."""
    earliest_end_s = float("inf")
    window = []
    for index in range(first, len(in_order)):
        if in_order[index].start_s > earliest_end_s:
            break
        if not done >> (index - first) & 1:
            window.append(index)
            earliest_end_s = min(earliest_end_s, in_order[index].end_s)
    return (index for index in window if in_order[index].start_s <= earliest_end_s)


def without_done(first: int, done: int) -> tuple[int, int]:
    """The same, counted from the first operation that is still to be done."""
    while done & 1:
        first, done = first + 1, done >> 1
    return first, done
