"""Whether everybody who asked was answered, once, and with what was decided."""

from collections.abc import Iterator
from typing import Final

from audit.question import Question, asked
from audit.report import Finding
from audit.tables import Tables
from audit.terms import ALWAYS_MS, Terms
from schemas.topics import REQUEST_TOPICS, RESULTS

MANY_MAY_SAY: Final = ("request_id_reused", "invalid_request")
"""Refusals that stand beside the one answer that an id has."""
LETTERED: Final = "EXISTS (SELECT 1 FROM letters l WHERE (l.topic, l.part, l.at) = (a.topic, a.part, a.at))"
MUST_BE_ANSWERED: Final = f"a.id IS NOT NULL AND NOT (substr(a.id, 1, 7) = 'expire:' AND {LETTERED})"
"""Whether somebody waits for an answer under its id. Nobody is answered for a malformed `expire:` id."""
BEFORE_THE_BOUND: Final = (
    "ts <= CASE operation WHEN 'reserve' THEN :bound_reserve WHEN 'assign' THEN :bound_assign ELSE :bound_release END"
)
"""Results that may answer requests which retention has removed."""

QUESTIONS: Final = (
    Question(
        "lost",
        "request {0}: sent {1} times, answered {2} times",
        "SELECT * FROM (SELECT id, COUNT(*) AS sent, (SELECT COUNT(*) FROM results r WHERE r.id = a.id) AS told"
        f" FROM asked a WHERE kind < 3 AND {MUST_BE_ANSWERED} AND served AND ts BETWEEN :answered_from AND :until"
        " GROUP BY id) WHERE told < sent",
    ),
    Question(
        "doubled",
        "request {0}: sent {1} times, answered {2} times",
        "SELECT * FROM (SELECT id,"
        f" (SELECT COUNT(*) FROM asked a WHERE a.id = r.id AND kind < 3 AND {MUST_BE_ANSWERED}) AS sent,"
        f" COUNT(*) AS told FROM results r WHERE :once GROUP BY id HAVING NOT MAX({BEFORE_THE_BOUND}))"
        " WHERE told > sent",
    ),
    Question(
        "lost",
        "{0}@{1}: no request id can be read, and there is no dead letter",
        "SELECT topic || '.' || part, at FROM asked a WHERE id IS NULL AND served"
        f" AND ts BETWEEN :lettered_from AND :until AND NOT {LETTERED}",
    ),
    Question(
        "doubled",
        "{0}@{1}: {2} dead letters",
        "SELECT topic || '.' || part, at, COUNT(*) FROM letters WHERE :once GROUP BY topic, part, at"
        " HAVING COUNT(*) > 1",
    ),
    Question(
        "lost",
        "{0}@{1}: the dead letter holds other bytes than the record",
        "SELECT l.topic || '.' || l.part, l.at FROM asked a CROSS JOIN letters l"
        " ON (l.topic, l.part, l.at) = (a.topic, a.part, a.at) WHERE l.body <> a.body",
    ),
    *(
        Question(
            "doubled",
            f"{topic}: ce_id {{0}} has two different bodies",
            f"SELECT ce_id FROM {table} GROUP BY ce_id HAVING MIN(body) <> MAX(body)",
        )
        for table, topic in (
            ("results", "results.v1"),
            ("assigned", "assigned.v1"),
            ("events", "inventory.v1"),
            ("imports_told", "imports.v1"),
        )
    ),
    Question(
        "doubled",
        "request {0}: two different decisions were told",
        "SELECT id FROM results WHERE NOT many GROUP BY id HAVING MIN(body) <> MAX(body)",
    ),
    Question(
        "drift",
        "request {0}: what was told is not what the ledger holds",
        "SELECT id FROM ledger l WHERE EXISTS (SELECT 1 FROM results r WHERE r.id = l.id AND (:whole OR NOT many))"
        " AND NOT EXISTS (SELECT 1 FROM results r WHERE r.id = l.id AND r.says = l.says)",
    ),
)


def check_answers(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """All checks of this file."""
    yield from asked(QUESTIONS, tables, terms.values() | bounds(tables, terms))


def bounds(tables: Tables, terms: Terms) -> dict[str, int]:
    """For each operation: results up to then may answer requests that are gone."""
    return {
        f"bound_{topic.name.partition('.')[0]}": bound(
            tables, kind, terms.reach.get(topic.name, 0), topic.name, terms
        )
        for kind, topic in enumerate(REQUEST_TOPICS)
    }


def bound(tables: Tables, kind: int, reach: int, topic: str, terms: Terms) -> int:
    """A partition is answered in its order: before its first record that is left, all that are gone were answered.

    Which of several answers under one id is the first record's is not known: the last one counts. If there is no
    answer any more, it was before all that are left.
    """
    if not reach:
        return 0
    if topic in terms.emptied:
        return ALWAYS_MS
    firsts = tables.ask(
        "SELECT (SELECT MAX(ts) FROM results r WHERE r.id = a.id) FROM asked a"
        " JOIN (SELECT topic, part, MIN(at) AS at FROM asked a WHERE kind = :kind"
        f" AND served AND {MUST_BE_ANSWERED} GROUP BY topic, part) f"
        " ON (f.topic, f.part, f.at) = (a.topic, a.part, a.at)",
        kind=kind,
    )
    oldest = max(terms.left_from(RESULTS.name), terms.since_ms)
    return max((oldest if ts is None else ts for (ts,) in firsts), default=ALWAYS_MS)
