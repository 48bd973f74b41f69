"""Whether each code has at most one holder, and all accounts name the same one."""

from collections.abc import Iterator
from typing import Final

from audit.checks import Check, erased, findings_of
from audit.report import Finding
from audit.tables import Tables
from audit.terms import Terms

CHECKS: Final = (
    Check(
        "doubled",
        "assigned.v1: ce_id {0} is there {1} times",
        "SELECT ce_id, COUNT(*) FROM assigned WHERE :once GROUP BY ce_id HAVING COUNT(*) > 1",
    ),
    Check(
        "lost",
        "code {0}: assigned, and never published on assigned.v1",
        "SELECT DISTINCT c.id FROM codes c LEFT JOIN held_codes h ON h.code_id = c.id WHERE c.status = 'assigned'"
        " AND COALESCE(h.changed, c.changed) BETWEEN :assigned_from AND :published"
        " AND NOT EXISTS (SELECT 1 FROM assigned a WHERE a.code_id = c.id)",
    ),
    Check(
        "doubled",
        "code {0}: given to fan {1} and to fan {2}",
        "SELECT code_id, MIN(fan), MAX(fan) FROM assigned GROUP BY code_id HAVING MIN(fan) <> MAX(fan)",
    ),
    Check(
        "doubled",
        "code {0}: assigned by request {1} and by {2}",
        "SELECT code_id, MIN(id), MAX(id) FROM assigned GROUP BY code_id"
        " HAVING MIN(fan) = MAX(fan) AND MIN(id) <> MAX(id)",
    ),
    Check(
        "doubled",
        "codes {0} and {1}: published with the same value",
        "SELECT MIN(code_id), MAX(code_id) FROM assigned GROUP BY campaign, value"
        " HAVING MIN(code_id) <> MAX(code_id)",
    ),
    Check(
        "drift",
        "code {0}: the value sent to the fan is not the code's",
        "SELECT DISTINCT a.code_id FROM assigned a JOIN codes c ON c.id = a.code_id WHERE a.value <> c.value",
    ),
    Check(
        "lost",
        "request {0}: code {1} was never sent to the fan",
        "SELECT DISTINCT r.id, r.code_id FROM result_codes r WHERE r.decided >= :assigned_from"
        " AND r.ts <= :sent_until"
        " AND NOT EXISTS (SELECT 1 FROM assigned a WHERE a.code_id = r.code_id AND a.id = r.id)",
    ),
    Check(
        "doubled",
        "code {0}: in reservations {1} and {2}",
        "SELECT code_id, MIN(reservation), MAX(reservation) FROM held_codes WHERE changed <= :settled"
        " GROUP BY code_id HAVING MIN(reservation) <> MAX(reservation)",
    ),
    Check(
        "doubled",
        "code {0}: held by fan {1}, sent to fan {2}",
        "SELECT DISTINCT h.code_id, o.fan, a.fan FROM held_codes h JOIN reservations o ON o.id = h.reservation"
        f" JOIN assigned a ON a.code_id = h.code_id WHERE a.fan <> o.fan AND NOT {erased('o.fan')}",
    ),
    Check(
        "drift",
        "code {0}: its status is {1}, by its reservations {2}",
        "SELECT * FROM (SELECT c.id, COALESCE(c.status, 'unknown') AS status,"
        " CASE h.state WHEN 'held' THEN 'reserved' WHEN 'assigned' THEN 'assigned'"
        " ELSE 'available' END AS by_reservations FROM codes c"
        " LEFT JOIN held_codes h ON h.code_id = c.id"
        " WHERE c.changed <= :settled AND COALESCE(h.changed, 0) <= :settled"
        " AND (:quiet OR NOT EXISTS (SELECT 1 FROM moving m WHERE m.code_id = c.id)))"
        " WHERE status <> by_reservations",
    ),
    Check(
        "lost",
        "code {0}: reservation {1} ({2}) names it, and it does not exist",
        "SELECT h.code_id, h.reservation, h.state FROM held_codes h LEFT JOIN codes c ON c.id = h.code_id"
        " WHERE c.id IS NULL AND h.changed <= :settled",
    ),
)


def check_holders(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """Compare codes, reservations and assigned events.

    A code that moved while the database was read is not compared with its reservation.
    """
    yield from findings_of(CHECKS, tables, terms.parameters())
