"""Whether somebody was refused who had to be served, and whether holds end."""

from collections.abc import Iterator
from typing import Final

from audit.question import Question, asked
from audit.report import Finding
from audit.stock_refusals import check_stock_refusals
from audit.tables import Tables
from audit.terms import Terms

ENDED_BY_EXPIRER: Final = (
    "EXISTS (SELECT 1 FROM results x WHERE x.id > 'expire:' || r.reservation || ':'"
    " AND x.id < 'expire:' || r.reservation || ';' AND x.outcome = 'released')"
)
"""A sender may give up its own hold with reason `expired`, at any time; that robs nobody."""

QUESTIONS: Final = (
    Question(
        "overdue",
        "reservation {0}: held since its end at {1}",
        "SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', expires / 1000, 'unixepoch') FROM holds"
        " WHERE state = 'held' AND expires < :overdue_before",
    ),
    Question(
        "wrong",
        "request {0}: asked before reservation {1} ended, and refused as {2}",
        "SELECT DISTINCT r.id, r.reservation, r.reason FROM results r JOIN holds h ON h.id = r.reservation"
        " WHERE r.operation = 'assign' AND r.reason IN ('reservation_expired', 'reservation_released')"
        " AND (SELECT MAX(a.ts) FROM asked a WHERE a.id = r.id) < h.expires"
        f" AND ({ENDED_BY_EXPIRER} OR (h.state = 'held' AND r.reason = 'reservation_expired'))",
    ),
)
"""Of an assign whose request was sent several times, the last one must have been in time: which one was decided is
not known."""


def check_promises(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """All checks of this file."""
    yield from asked(QUESTIONS, tables, terms.values())
    yield from check_stock_refusals(tables)
