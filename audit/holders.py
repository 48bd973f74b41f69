"""Whether each code has one holder at most, and everybody says the same one."""

from collections.abc import Iterator
from typing import Final

from audit.question import Question, asked
from audit.report import Finding
from audit.tables import Tables
from audit.terms import Terms

QUESTIONS: Final = (
    Question(
        "doubled",
        "assigned.v1: ce_id {0} stands there {1} times",
        "SELECT ce_id, COUNT(*) FROM assigned WHERE :once GROUP BY ce_id HAVING COUNT(*) > 1",
    ),
    Question(
        "lost",
        "code {0}: assigned, and never announced on assigned.v1",
        "SELECT DISTINCT c.id FROM codes c LEFT JOIN held h ON h.code_id = c.id WHERE c.status = 'assigned'"
        " AND COALESCE(h.changed, c.changed) BETWEEN :assigned_from AND :told_settled"
        " AND NOT EXISTS (SELECT 1 FROM assigned a WHERE a.code_id = c.id)",
    ),
    Question(
        "doubled",
        "code {0}: given to fan {1} and to fan {2}",
        "SELECT code_id, MIN(fan), MAX(fan) FROM assigned GROUP BY code_id HAVING MIN(fan) <> MAX(fan)",
    ),
    Question(
        "doubled",
        "code {0}: assigned by request {1} and by {2}",
        "SELECT code_id, MIN(id), MAX(id) FROM assigned GROUP BY code_id"
        " HAVING MIN(fan) = MAX(fan) AND MIN(id) <> MAX(id)",
    ),
    Question(
        "doubled",
        "codes {0} and {1}: one value, told twice",
        "SELECT MIN(code_id), MAX(code_id) FROM assigned GROUP BY campaign, value"
        " HAVING MIN(code_id) <> MAX(code_id)",
    ),
    Question(
        "drift",
        "code {0}: the fan was told another value than the code's",
        "SELECT DISTINCT a.code_id FROM assigned a JOIN codes c ON c.id = a.code_id WHERE a.value <> c.value",
    ),
    Question(
        "lost",
        "request {0}: code {1} was never sent to the fan",
        "SELECT DISTINCT r.id, r.code_id FROM result_codes r WHERE r.decided >= :assigned_from"
        " AND r.ts <= :sent_until"
        " AND NOT EXISTS (SELECT 1 FROM assigned a WHERE a.code_id = r.code_id AND a.id = r.id)",
    ),
    Question(
        "doubled",
        "code {0}: in reservations {1} and {2}",
        "SELECT code_id, MIN(hold), MAX(hold) FROM held WHERE changed <= :settled"
        " GROUP BY code_id HAVING MIN(hold) <> MAX(hold)",
    ),
    Question(
        "doubled",
        "code {0}: fan {1} has it, fan {2} was told",
        "SELECT DISTINCT h.code_id, o.fan, a.fan FROM held h JOIN holds o ON o.id = h.hold"
        " JOIN assigned a ON a.code_id = h.code_id WHERE a.fan <> o.fan",
    ),
    Question(
        "drift",
        "code {0}: is {1}, its reservations make it {2}",
        "SELECT * FROM (SELECT c.id, c.status AS is_, CASE h.state WHEN 'held' THEN 'reserved'"
        " WHEN 'assigned' THEN 'assigned' ELSE 'available' END AS made FROM codes c"
        " LEFT JOIN held h ON h.code_id = c.id WHERE c.changed <= :settled AND COALESCE(h.changed, 0) <= :settled"
        " AND (:quiet OR NOT EXISTS (SELECT 1 FROM moving m WHERE m.code_id = c.id))) WHERE is_ <> made",
    ),
    Question(
        "lost",
        "code {0}: reservation {1} ({2}) names it, and it does not exist",
        "SELECT h.code_id, h.hold, h.state FROM held h LEFT JOIN codes c ON c.id = h.code_id"
        " WHERE c.id IS NULL AND h.changed <= :settled",
    ),
)


def check_holders(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """All checks of this file. A code that moved while the database was read is not compared with its reservation."""
    yield from asked(QUESTIONS, tables, terms.values())
