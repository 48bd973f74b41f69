"""What was read and could not be judged: how much of it, and why.

Out: `n requests, because …`; nothing if all that was asked about was judged.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from audit.answers import BEFORE_THE_BOUND, MUST_BE_ANSWERED, bounds
from audit.tables import Tables
from audit.terms import Terms, at
from schemas.topics import DEAD_LETTERS, IMPORTS, REQUEST_TOPICS, RESULTS

IN_QUESTION: Final = "served AND ts BETWEEN :since AND :until"


def not_judged(tables: Tables, terms: Terms) -> Iterator[str]:
    """One sentence a cause."""
    waiting = tables.number(
        "SELECT COUNT(*) FROM asked WHERE NOT served AND ts BETWEEN :since AND :until",
        since=terms.since_ms,
        until=terms.until_ms,
    )
    if waiting:
        yield f"{waiting} requests, because they waited for a worker or an importer when the audit began"
    yield from too_old(tables, terms)
    yield from without_cause(tables, terms)


def too_old(tables: Tables, terms: Terms) -> Iterator[str]:
    """Requests whose answer may be gone."""
    causes = (
        (RESULTS.name, "requests", f"kind < 3 AND {MUST_BE_ANSWERED}"),
        (IMPORTS.name, "import commands", "kind = 3 AND id IS NOT NULL"),
        (DEAD_LETTERS.name, "records without a request id", "id IS NULL"),
    )
    for topic, what, which in causes:
        left_from = terms.left_from(topic)
        count = tables.number(
            f"SELECT COUNT(*) FROM asked a WHERE {which} AND {IN_QUESTION} AND ts < :left",
            since=terms.since_ms,
            until=terms.until_ms,
            left=left_from,
        )
        if count:
            yield f"{count} {what}, because {topic} holds all records only since {at(left_from)}"


def without_cause(tables: Tables, terms: Terms) -> Iterator[str]:
    """Results that may answer a request which retention has removed. What `since` leaves out was not asked about."""
    gone = [topic.name for topic in REQUEST_TOPICS if terms.reach.get(topic.name, 0) > terms.since_ms]
    if not gone:
        return
    count = tables.number(
        f"SELECT COUNT(*) FROM results WHERE ts >= :since AND {BEFORE_THE_BOUND}",
        **bounds(tables, terms),
        since=terms.since_ms,
    )
    if count:
        where = ", ".join(gone)
        yield f"{count} results for being there twice, because requests before them are gone from {where}"


def uncounted(campaigns: Sequence[str]) -> Iterator[str]:
    """Campaigns that moved, and could not be counted at one time."""
    if campaigns:
        yield f"{len(campaigns)} campaigns' counts, because MongoDB ended the look at them, {campaigns[0]} first"
