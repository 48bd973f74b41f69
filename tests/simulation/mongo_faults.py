"""Faults of MongoDB: elections, outages, errors, lost and slow commands."""

from collections.abc import Callable
from typing import Final

from tests.simulation.faults import Fault
from tests.simulation.reach import Kinds, Reach, named

CODES: Final = (
    6, 7, 11_600, 11_602, 91, 189, 10_107, 13_435, 262, 50, 112,
    251, 9_001, 20, 133, 134, 202, 290, 365, 8_000, 99_999,
)  # fmt: skip
"""Server errors that no request is at fault for; the last is one that nobody knows."""
ERRORS_MAX: Final = 24
"""In a row: more than the tries after which a refusal is believed."""
OPERATIONS: Final = (None, "find", "insert", "update", "commitTransaction", "abortTransaction", "killSessions")


def election(reach: Reach, fault: Fault) -> None:
    """The primary steps down."""
    reach.parts.mongo.step_down(fault.seconds)


def primary_down(reach: Reach, fault: Fault) -> Callable[[], None]:
    """The primary is killed; another one takes its place."""
    reach.parts.mongo.crash()
    return reach.parts.mongo.restart


def primary_frozen(reach: Reach, _fault: Fault) -> Callable[[], None]:
    """The primary does not answer for a while."""
    reach.parts.mongo.freeze()
    return reach.parts.mongo.thaw


def majority_lost(reach: Reach, _fault: Fault) -> Callable[[], None]:
    """Writes are not confirmed for a while."""
    reach.parts.mongo.lose_majority()
    return reach.parts.mongo.regain_majority


def database_errors(reach: Reach, fault: Fault) -> None:
    """The next commands of one kind fail, before or after their effect."""
    reach.parts.mongo.fail(
        CODES[fault.number % len(CODES)],
        OPERATIONS[fault.target % len(OPERATIONS)],
        moment="after" if fault.number % 2 else "before",
        labels=() if fault.target % 5 == 0 else None,  # not by the number, which chooses the code
        count=ERRORS_MAX if fault.number % 4 == 0 else 1 + fault.number % 5,
    )


def database_requests_lost(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Some commands do not reach the database."""
    return reach.lose("mongo", "request", fault)


def database_answers_lost(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Some answers of the database are lost."""
    return reach.lose("mongo", "answer", fault)


def database_slow(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Each command takes longer."""
    reach.parts.mongo.delays.slow((fault.number % 30) / 10)
    return lambda: reach.parts.mongo.delays.slow(0)


def pool_delays(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Operations wait for a connection."""
    reach.parts.mongo.delays.slow_pool((fault.number % 20) / 10)
    return lambda: reach.parts.mongo.delays.slow_pool(0)


def selection_delays(reach: Reach, fault: Fault) -> Callable[[], None]:
    """Operations wait for a server."""
    reach.parts.mongo.delays.slow_selection((fault.number % 20) / 10)
    return lambda: reach.parts.mongo.delays.slow_selection(0)


KINDS: Final[Kinds] = named(
    election,
    primary_down,
    primary_frozen,
    majority_lost,
    database_errors,
    database_requests_lost,
    database_answers_lost,
    database_slow,
    pool_delays,
    selection_delays,
)
