"""Whether an assign in time was refused, and whether holds end."""

from collections.abc import Iterator
from typing import Final

from audit.checks import Check, findings_of
from audit.report import Finding
from audit.tables import Tables
from audit.terms import Terms

ENDED_BY_EXPIRER: Final = (
    "EXISTS (SELECT 1 FROM results x WHERE x.id > 'expire:' || r.reservation || ':'"
    " AND x.id < 'expire:' || r.reservation || ';' AND x.outcome = 'released')"
)
"""A sender may release its own hold with reason `expired`, at any time; no other fan loses by that."""
ENDED: Final = "EXISTS (SELECT 1 FROM results x WHERE x.reservation = r.reservation AND x.outcome = 'released')"
REFUSED_ASSIGNS: Final = """
    results r LEFT JOIN reservations h ON h.id = r.reservation LEFT JOIN (SELECT id, MIN(ts) AS first, MAX(ts) AS last
    FROM incoming GROUP BY id) a ON a.id = r.id
    WHERE r.operation = 'assign' AND r.reason IN ('reservation_expired', 'reservation_released')
"""
"""`first` and `last`: of an assign whose request was sent several times, which one was decided is not known."""

CHECKS: Final = (
    Check(
        "overdue",
        "reservation {0}: held since its end at {1}",
        "SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', expires / 1000, 'unixepoch') FROM reservations"
        " WHERE state = 'held' AND expires < :overdue_before",
    ),
    Check(
        "wrong",
        "request {0}: asked before reservation {1} ended, and refused as {2}",
        f"SELECT DISTINCT r.id, r.reservation, r.reason FROM {REFUSED_ASSIGNS} AND a.last < h.expires"
        f" AND ({ENDED_BY_EXPIRER} OR (h.state = 'held' AND r.reason = 'reservation_expired'))",
    ),
)
LATE_ASSIGNS_UNJUDGED: Final = (
    f"SELECT COUNT(DISTINCT r.id) FROM {REFUSED_ASSIGNS} AND COALESCE(a.first, r.ts) BETWEEN :since AND :until"
    f" AND (a.id IS NULL OR h.id IS NULL OR (a.first < h.expires AND a.last >= h.expires AND {ENDED_BY_EXPIRER})"
    f" OR (a.last < h.expires AND h.state <> 'held' AND NOT {ENDED}))"
)
"""The request is gone, or the reservation, or the release that ended it; or it was sent again after the end."""


def check_promises(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """Compare holds with the clock, and refused assigns with the ends of their reservations."""
    yield from findings_of(CHECKS, tables, terms.parameters())
