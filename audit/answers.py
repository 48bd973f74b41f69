"""Whether every request was answered, once, and with its decision."""

from collections.abc import Iterator
from typing import Final

from audit.checks import Check, erased, findings_of
from audit.report import Finding
from audit.tables import Tables
from audit.terms import ALWAYS_MS, Terms
from schemas.topics import REQUEST_TOPICS, RESULTS

BESIDE_THE_DECISION: Final = ("request_id_reused", "invalid_request")
"""Reasons of refusals that an id may have beside its decision, and several of."""
HAS_DEAD_LETTER: Final = (
    "EXISTS (SELECT 1 FROM dead_letters l WHERE (l.topic, l.part, l.at) = (a.topic, a.part, a.at))"
)
MUST_BE_ANSWERED: Final = f"a.id IS NOT NULL AND NOT (substr(a.id, 1, 7) = 'expire:' AND {HAS_DEAD_LETTER})"
"""A malformed `expire:` id gets a dead letter and no answer."""
ANSWERED: Final = (
    "(SELECT id, COUNT(*) AS sent, (SELECT COUNT(*) FROM results r WHERE r.id = a.id) AS answered FROM incoming a"
    f" WHERE kind < 3 AND {MUST_BE_ANSWERED} AND served AND ts BETWEEN :first AND :last GROUP BY id)"
)
"""How often each id was sent in a time, and answered."""
MAY_ANSWER_REMOVED: Final = """
    (ts <= CASE operation WHEN 'reserve' THEN :bound_reserve WHEN 'assign' THEN :bound_assign ELSE :bound_release END
    AND NOT COALESCE((SELECT MIN(i.ts) FROM incoming i WHERE i.id = r.id AND i.kind < 3) BETWEEN
    CASE operation WHEN 'reserve' THEN :whole_reserve WHEN 'assign' THEN :whole_assign ELSE :whole_release END
    AND r.ts, 0))
"""
"""Results that may answer requests which retention has removed. A topic with an emptied partition has no bound. Then
a result counts if its id was first sent when the topic surely held all records, and the result came after that."""
UNLESS_ERASED: Final = f" AND (MIN(content) <> MAX(content) OR NOT MAX({erased('fan')}))"
"""A release that names no fan is answered with a random id once its fan is erased."""

CHECKS: Final = (
    Check(
        "lost",
        "request {0}: sent {1} times, answered {2} times",
        f"SELECT * FROM {ANSWERED.replace(':first', ':answered_from').replace(':last', ':until')}"
        " WHERE answered < sent",
    ),
    Check(
        "doubled",
        "request {0}: sent {1} times, answered {2} times",
        "SELECT * FROM (SELECT id,"
        f" (SELECT COUNT(*) FROM incoming a WHERE a.id = r.id AND kind < 3 AND {MUST_BE_ANSWERED}) AS sent,"
        f" COUNT(*) AS answered FROM results r WHERE :once GROUP BY id HAVING NOT MAX({MAY_ANSWER_REMOVED}))"
        " WHERE answered > sent",
    ),
    Check(
        "lost",
        "{0}@{1}: no request id can be read, and there is no dead letter",
        "SELECT topic || '.' || part, at FROM incoming a WHERE id IS NULL AND served"
        f" AND ts BETWEEN :lettered_from AND :until AND NOT {HAS_DEAD_LETTER}",
    ),
    Check(
        "doubled",
        "{0}@{1}: {2} dead letters",
        "SELECT topic || '.' || part, at, COUNT(*) FROM dead_letters WHERE :once GROUP BY topic, part, at"
        " HAVING COUNT(*) > 1",
    ),
    Check(
        "lost",
        "{0}@{1}: the dead letter holds other bytes than the record",
        "SELECT l.topic || '.' || l.part, l.at FROM incoming a CROSS JOIN dead_letters l"
        " ON (l.topic, l.part, l.at) = (a.topic, a.part, a.at) WHERE l.body <> a.body",
    ),
    *(
        Check(
            "doubled",
            f"{topic}: ce_id {{0}} has two different bodies",
            f"SELECT ce_id FROM {table} GROUP BY ce_id HAVING MIN(body) <> MAX(body){unless}",
        )
        for table, topic, unless in (
            ("results", "results.v1", UNLESS_ERASED),
            ("assigned", "assigned.v1", ""),
            ("shard_events", "inventory.v1", ""),
            ("import_events", "imports.v1", ""),
        )
    ),
    Check(
        "doubled",
        "request {0}: two different decisions were published",
        f"SELECT id FROM results WHERE NOT many GROUP BY id HAVING MIN(body) <> MAX(body){UNLESS_ERASED}",
    ),
    Check(
        "drift",
        "request {0}: the published decision differs from the ledger's",
        "SELECT id FROM ledger l WHERE EXISTS (SELECT 1 FROM results r WHERE r.id = l.id AND (:whole OR NOT many))"
        " AND NOT EXISTS (SELECT 1 FROM results r WHERE r.id = l.id AND r.content = l.content"
        f" AND (r.fan IS l.fan OR {erased('r.fan')} OR {erased('l.fan')}))",
    ),
)


def check_answers(tables: Tables, terms: Terms) -> Iterator[Finding]:
    """Compare requests with results, dead letters and the ledger."""
    yield from findings_of(CHECKS, tables, terms.parameters() | removed_bounds(tables, terms))


def removed_bounds(tables: Tables, terms: Terms) -> dict[str, int]:
    """The parameters of `MAY_ANSWER_REMOVED`."""
    parameters = {}
    for kind, topic in enumerate(REQUEST_TOPICS):
        operation, is_emptied = topic.name.partition(".")[0], topic.name in terms.expired_topics
        parameters[f"whole_{operation}"] = terms.left_from(topic.name) if is_emptied else ALWAYS_MS
        parameters[f"bound_{operation}"] = ALWAYS_MS if is_emptied else bound_of(tables, kind, topic.name, terms)
    return parameters


def bound_of(tables: Tables, kind: int, topic: str, terms: Terms) -> int:
    """The time by which all removed requests of a topic were answered.

    A partition is answered in its order: the removed requests were answered before the first one that is left. Which
    of several answers under one id is the first record's is not known: the last one counts. If there is no answer
    any more, it was before all that are left.
    """
    if not terms.retained_since_ms.get(topic, 0):
        return 0
    firsts = tables.rows(
        "SELECT (SELECT MAX(ts) FROM results r WHERE r.id = a.id) FROM incoming a"
        " JOIN (SELECT topic, part, MIN(at) AS at FROM incoming a WHERE kind = :kind"
        f" AND served AND {MUST_BE_ANSWERED} GROUP BY topic, part) f"
        " ON (f.topic, f.part, f.at) = (a.topic, a.part, a.at)",
        kind=kind,
    )
    oldest = max(terms.left_from(RESULTS.name), terms.since_ms)
    return max((oldest if ts is None else ts for (ts,) in firsts), default=ALWAYS_MS)
