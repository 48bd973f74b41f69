"""What was read and could not be judged: how much of it, and why.

Out: `n requests, because …`; nothing if everything in the window was judged.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from audit.answers import ANSWERED, HAS_DEAD_LETTER, MAY_ANSWER_REMOVED, removed_bounds
from audit.counts import LATEST_EVENTS
from audit.promises import LATE_ASSIGNS_UNJUDGED
from audit.stock_refusals import StockRefusals
from audit.tables import Tables
from audit.terms import Terms, at
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORTS, INVENTORY, REQUEST_TOPICS, RESULTS

MOVED: Final = "because they moved while the audit read"
IMPORT_SHARDS: Final = "s.id LIKE '%:import.commands.v1.%'"
NOT_ASSIGNED_EVENT: Final = "NOT EXISTS (SELECT 1 FROM assigned a WHERE a.code_id = "


class Unjudged(NamedTuple):
    """A query for a number of things, and the topic that does not hold what they are compared with."""

    topic: str
    what: str
    sql: str
    """`:left`: the topic holds all records from then on."""


BY_TOPIC: Final = (
    Unjudged(
        RESULTS.name,
        "requests",
        f"SELECT SUM(sent) FROM {ANSWERED.replace(':first', ':since').replace(':last', 'MIN(:until, :left - 1)')}"
        " WHERE answered < sent",
    ),
    Unjudged(
        RESULTS.name,
        "decisions in the ledger",
        "SELECT COUNT(*) FROM ledger l WHERE l.decided BETWEEN :since AND MIN(:until, :left - 1)"
        " AND NOT EXISTS (SELECT 1 FROM results r WHERE r.id = l.id)"
        " AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.id = l.id)",
    ),
    Unjudged(
        DEAD_LETTERS.name,
        "records without a request id",
        "SELECT COUNT(*) FROM incoming a WHERE id IS NULL AND served AND ts BETWEEN :since AND MIN(:until, :left - 1)"
        f" AND NOT {HAS_DEAD_LETTER}",
    ),
    Unjudged(
        ASSIGNED.name,
        "assigned codes",
        "SELECT COUNT(*) FROM (SELECT c.id FROM codes c LEFT JOIN held_codes h ON h.code_id = c.id"
        " WHERE c.status = 'assigned' AND COALESCE(h.changed, c.changed) BETWEEN :since AND MIN(:until, :left - 1)"
        f" AND {NOT_ASSIGNED_EVENT} c.id) UNION SELECT r.code_id FROM result_codes r"
        f" WHERE r.decided BETWEEN :since AND MIN(:until, :left - 1) AND {NOT_ASSIGNED_EVENT} r.code_id))",
    ),
    Unjudged(
        INVENTORY.name,
        "shards",
        f"SELECT COUNT(*) FROM shards s LEFT JOIN {LATEST_EVENTS} e ON s.id = e.id"
        " WHERE s.version > COALESCE(e.version, 0) AND s.changed BETWEEN :since AND MIN(:until, :left - 1)",
    ),
    Unjudged(
        IMPORTS.name,
        "import commands",
        f"SELECT COUNT(*) FROM incoming a WHERE kind = 3 AND id IS NOT NULL AND served AND NOT {HAS_DEAD_LETTER}"
        " AND ts BETWEEN :since AND MIN(:until, :left - 1)"
        " AND NOT EXISTS (SELECT 1 FROM import_events e WHERE e.import_id = a.id AND e.state <> 'running')",
    ),
    Unjudged(
        IMPORTS.name,
        "imports in the database",
        "SELECT COUNT(*) FROM imports i WHERE COALESCE(i.state, '') <> 'running'"
        " AND i.changed BETWEEN :since AND MIN(:until, :left - 1)"
        " AND NOT EXISTS (SELECT 1 FROM incoming a WHERE a.id = i.id AND a.kind = 3)"
        " AND NOT EXISTS (SELECT 1 FROM import_events e WHERE e.import_id = i.id AND e.state <> 'running')",
    ),
)
MOVING: Final = {
    "codes": "SELECT COUNT(DISTINCT c.id) FROM codes c LEFT JOIN held_codes h ON h.code_id = c.id WHERE"
    " (MAX(c.changed, COALESCE(h.changed, 0)) > :settled AND MAX(c.changed, COALESCE(h.changed, 0)) <= :until)"
    " OR (:until > :settled AND EXISTS (SELECT 1 FROM moving m WHERE m.code_id = c.id))",
    "assigned codes without an event": "SELECT COUNT(DISTINCT c.id) FROM codes c"
    " LEFT JOIN held_codes h ON h.code_id = c.id WHERE c.status = 'assigned'"
    " AND COALESCE(h.changed, c.changed) BETWEEN MAX(:assigned_from, :published + 1) AND :until"
    f" AND {NOT_ASSIGNED_EVENT} c.id)",
    "shards": f"SELECT COUNT(*) FROM shards s LEFT JOIN {LATEST_EVENTS} e ON s.id = e.id"
    " WHERE s.version > COALESCE(e.version, 0) AND s.changed BETWEEN :counted_from AND :until"
    f" AND (s.changed > :published OR (NOT :quiet AND {IMPORT_SHARDS}))",
    "imports": "SELECT COUNT(*) FROM imports i WHERE NOT :quiet"
    " AND (i.state = 'running' OR i.changed > :settled) AND i.changed <= :until",
}
"""What a working service keeps the audit from comparing. After `:until` nothing was asked for."""


def not_judged(tables: Tables, terms: Terms, refusals: StockRefusals) -> Iterator[str]:
    """One sentence for each cause."""
    window = {"since": terms.since_ms, "until": terms.until_ms}
    waiting = "SELECT COUNT(*) FROM incoming WHERE NOT served AND ts BETWEEN :since AND :until"
    because = "because they waited for a worker or an importer when the audit began"
    yield from sentence(tables.scalar(waiting, **window), "requests", because)
    for topic, what, sql in BY_TOPIC:
        count = tables.scalar(sql, **window, left=terms.left_from(topic))
        yield from sentence(count, what, reason_of(topic, terms))
    yield from without_request(tables, terms)
    late = tables.scalar(LATE_ASSIGNS_UNJUDGED, **window)
    yield from sentence(late, "refused assigns", "because not all records are there that show whether they were late")
    because = "because inventory.v1 does not show the stock of that time"
    yield from sentence(refusals.unjudged, "refusals as out_of_stock", because)
    for what, sql in MOVING.items():
        yield from sentence(tables.scalar(sql, **terms.parameters()), what, MOVED)


def sentence(count: int, what: str, because: str) -> Iterator[str]:
    """Nothing for a count of 0."""
    if count:
        yield f"{count} {what}, {because}"


def reason_of(topic: str, terms: Terms) -> str:
    """Why a topic does not show everything."""
    if topic in terms.blocked_by_open_transaction:
        return f"because an open transaction hides records of {topic}"
    return f"because {topic} holds all records only since {at(terms.left_from(topic))}"


def without_request(tables: Tables, terms: Terms) -> Iterator[str]:
    """Results that may answer a request which retention has removed. Those before `since` were not asked for."""
    gone = [topic.name for topic in REQUEST_TOPICS if terms.retained_since_ms.get(topic.name, 0) > terms.since_ms]
    if gone:
        count = tables.scalar(
            f"SELECT COUNT(*) FROM results r WHERE ts >= :since AND {MAY_ANSWER_REMOVED}",
            **removed_bounds(tables, terms),
            since=terms.since_ms,
        )
        because = f"because requests before them are gone from {', '.join(gone)}"
        yield from sentence(count, "results for being there twice", because)


def not_counted(campaigns: Sequence[str]) -> Iterator[str]:
    """Campaigns that moved, and could not be counted in one snapshot."""
    if campaigns:
        because = f"because they could not be counted in one snapshot, {campaigns[0]} first"
        yield f"the counts of {len(campaigns)} campaigns, {because}"
