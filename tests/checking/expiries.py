"""Rule 6: time is judged by a record's own timestamp, and an assign in time never loses to an expiry.

In:   the lives of all reservations.
Out:  violations.

| rule | broken if |
|---|---|
| `assign_lost_in_time` | an assign that was sent before the end is refused as expired |
| `granted_after_end` | an assign, or a release that is no expiry, is granted although it was sent after the end |
| `expired_too_early` | the expirer's release was granted although it was sent before the end |

A sender may release its own hold as expired at any time; whoever assigns it then loses by no expiry.
"""

from collections.abc import Iterator, Mapping

from tests.checking.lives import Life, is_expirers, is_lost_in_time, may_be_in_time, may_be_over
from tests.checking.violation import Violation


def check_expiries(lives: Mapping[str, Life]) -> Iterator[Violation]:
    """Judge all reservations with an end."""
    for life in lives.values():
        if life.ends_ms is not None:
            yield from judge_losers(life)
            yield from judge_closes(life, life.ends_ms)


def judge_losers(life: Life) -> Iterator[Violation]:
    """Refused assigns were late, or their reservation was given up."""
    for refused in life.refused:
        if is_lost_in_time(life, refused):
            ids = (refused.content.request_id, life.reservation_id)
            yield Violation("assign_lost_in_time", ids, "assigned", "reservation_expired")


def judge_closes(life: Life, ends_ms: int) -> Iterator[Violation]:
    """Who ended a reservation was allowed to at that time."""
    for close in life.closed:
        ids = (close.content.request_id, life.reservation_id)
        if is_expirers(close):
            if not may_be_over(close, ends_ms):
                yield Violation("expired_too_early", ids, "invalid_request", "released")
        elif close.content.reason != "expired" and not may_be_in_time(close, ends_ms):
            yield Violation("granted_after_end", ids, "reservation_expired", str(close.body.get("outcome")))
