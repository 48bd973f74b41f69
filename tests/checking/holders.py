"""Rule 3: no code has two holders at any moment, and an assigned code never moves again.

In:   decisions, the documents of the codes.
Out:  violations.

| rule | broken if |
|---|---|
| `two_holders` | no order of a code's moves explains all answers |
| `assigned_code_moved` | the same, and a move began after the code was surely assigned |
| `unknown_code` | a result has a code that is not in the database |
| `code_status` | the database has another status than the answers leave |
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tests.checking.answers import Decision
from tests.checking.evidence import Evidence
from tests.checking.requests import Content
from tests.checking.search import FREE, Operation, last_state
from tests.checking.violation import Violation

ENDS: Final = ("assign", "give")
Moves = Mapping[str, list[Operation]]


def check_holders(evidence: Evidence, decisions: Mapping[str, Decision]) -> Iterator[Violation]:
    """Search an order for the moves of each code."""
    moves = moves_of(decisions.values())
    for code_id, document in evidence.codes.items():
        yield from judge_code(code_id, moves.get(code_id, ()), document["status"])
    for code_id in [code_id for code_id in moves if code_id not in evidence.codes]:
        yield Violation("unknown_code", (code_id, *requests_of(moves[code_id])), "a code", "no document")


def moves_of(decisions: Iterable[Decision]) -> Moves:
    """All moves of each code, as the answers have them."""
    moves: defaultdict[str, list[Operation]] = defaultdict(list)
    for decision in decisions:
        if not decision.is_granted:
            continue
        content = decision.content
        move = Operation(
            decision.start_s, decision.end_s, kind_of(content), decision.reservation_id, content.request_id
        )
        for code_id in decision.code_ids:
            moves[code_id].append(move)
    return moves


def kind_of(content: Content) -> str:
    """The move of a request that was granted."""
    return "give" if content.operation == "assign" and content.reservation_id is None else content.operation


def judge_code(code_id: str, moves: Iterable[Operation], status: str) -> Iterator[Violation]:
    """Search an order for the moves of one code; its last state is the database's."""
    moves = list(moves)
    state = last_state(moves) if moves else FREE
    if state is None:
        rule, found = what_is_wrong(moves)
        yield Violation(rule, (code_id, *requests_of(moves)), "an order that explains all answers", found)
    elif state[0] != status:
        yield Violation("code_status", (code_id, *requests_of(moves)), state[0], status)


def what_is_wrong(moves: list[Operation]) -> tuple[str, str]:
    """The rule that is broken where no order was found."""
    ended_s = min((move.end_s for move in moves if move.kind in ENDS), default=float("inf"))
    if any(move.start_s > ended_s for move in moves):
        return "assigned_code_moved", "a move after the assignment"
    return "two_holders", "none"


def requests_of(moves: Iterable[Operation]) -> tuple[str, ...]:
    """The requests that moved a code, in the order of their starts."""
    return tuple(move.request_id for move in sorted(moves))
