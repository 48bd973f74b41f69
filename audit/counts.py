"""Whether the accounts agree: codes, inventory shards, inventory events, imports."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from audit.answers import LETTERED
from audit.question import Question, asked
from audit.report import Finding
from audit.tables import Tables
from audit.terms import Terms
from handlers.inventory.reconcile import CountKey as Shelf
from schemas.base import CodeStatus

LATEST: Final = (
    "(SELECT campaign || ':' || type || ':' || shard AS id, MAX(version) AS version, available, reserved, assigned"
    " FROM events GROUP BY campaign, type, shard)"
)
"""Each shard as the event of its highest version says."""
ENDS: Final = "(SELECT * FROM imports_told WHERE state <> 'running')"

QUESTIONS: Final = (
    Question(
        "drift",
        "shard {0}: version {1} was told, the database has {2}",
        f"SELECT e.id, e.version, COALESCE(s.version, 0) FROM {LATEST} e LEFT JOIN shards s ON s.id = e.id"
        " WHERE e.version > COALESCE(s.version, 0)",
    ),
    Question(
        "drift",
        "shard {0}: version {1} was told with other counts",
        f"SELECT e.id, e.version FROM {LATEST} e JOIN shards s ON s.id = e.id AND s.version = e.version WHERE"
        " (e.available, e.reserved, e.assigned) <> (s.available, s.reserved, s.assigned)",
    ),
    Question(
        "drift",
        "shard {0}: version {1} was never told, the last one told is {2}",
        f"SELECT s.id, s.version, COALESCE(e.version, 0) FROM shards s LEFT JOIN {LATEST} e ON s.id = e.id"
        " WHERE s.version > COALESCE(e.version, 0) AND s.changed BETWEEN :counted_from AND :told_settled"
        " AND (:quiet OR s.id NOT LIKE '%:import.commands.v1.%')",
    ),
    Question(
        "drift",
        "import {0}: rows_read is not the sum of what became of them",
        "SELECT import_id FROM imports_told WHERE rows_read <> inserted + duplicates + rejected",
    ),
    Question(
        "drift",
        "import {0}: its document does not add up",
        "SELECT id FROM imports WHERE rows_read <> inserted + in_file + in_campaign + rejected",
    ),
    Question(
        "doubled",
        "import {0}: ended in two ways",
        f"SELECT import_id FROM {ENDS} WHERE NOT many GROUP BY import_id HAVING MIN(figures) <> MAX(figures)",
    ),
    Question(
        "lost",
        "import {0}: asked for {1} times, its end told {2} times",
        "SELECT * FROM (SELECT id, COUNT(*) AS sent,"
        f" (SELECT COUNT(*) FROM {ENDS} e WHERE e.import_id = a.id) AS told FROM asked a WHERE kind = 3 AND served"
        f" AND id IS NOT NULL AND NOT {LETTERED} AND ts BETWEEN :ended_from AND :until GROUP BY id)"
        " WHERE told < sent",
    ),
    Question(
        "drift",
        "import {0}: its end event and its document differ",
        f"SELECT DISTINCT i.id FROM imports i JOIN {ENDS} e ON e.import_id = i.id"
        " WHERE NOT e.many AND e.inserted <> i.inserted",
    ),
    Question(
        "drift",
        "import {0}: there are {1} codes of it, it says {2}",
        "WITH brought AS MATERIALIZED (SELECT import_id AS id, COUNT(*) AS n FROM codes GROUP BY import_id),"
        " every AS (SELECT id FROM brought UNION SELECT id FROM imports)"
        " SELECT every.id, COALESCE(b.n, 0), COALESCE(i.inserted, 0) FROM every"
        " LEFT JOIN brought b ON b.id = every.id LEFT JOIN imports i ON i.id = every.id"
        " WHERE COALESCE(b.n, 0) <> COALESCE(i.inserted, 0)"
        " AND (:quiet OR i.id IS NULL OR (i.state <> 'running' AND i.changed <= :settled))",
    ),
    Question(
        "drift",
        "there are {0} codes, the imports' end events say {1}",
        "SELECT * FROM (SELECT (SELECT COUNT(*) FROM codes) AS there, (SELECT COALESCE(SUM(inserted), 0) FROM"
        f" (SELECT MAX(inserted) AS inserted FROM {ENDS} WHERE NOT many GROUP BY import_id)) AS told)"
        " WHERE :whole AND there <> told",
    ),
)

Counts = Mapping[Shelf, int]
Recounted = Mapping[str, tuple[Counts, Counts]]
"""Codes and shards of campaigns that were counted at one time."""


def check_accounts(
    tables: Tables, terms: Terms, recounted: Recounted, not_counted: Sequence[str]
) -> Iterator[Finding]:
    """All checks of this file. What could not be counted at one time is left out."""
    for shelf, there, said in differing(tables, recounted):
        if shelf.campaign_id not in not_counted:
            yield Finding("drift", f"{shelf}: there are {there} codes, the inventory shards say {said}")
    yield from asked(QUESTIONS, tables, terms.values())


def differing(tables: Tables, recounted: Recounted) -> Iterator[tuple[Shelf, int, int]]:
    """Where the codes and the shards say different numbers."""
    codes, shards = codes_by_shelf(tables), shards_by_shelf(tables)
    for campaign_id, (by_codes, by_shards) in recounted.items():
        codes = {**without(codes, campaign_id), **by_codes}
        shards = {**without(shards, campaign_id), **by_shards}
    for shelf in sorted(codes.keys() | shards.keys()):
        there, said = codes.get(shelf, 0), shards.get(shelf, 0)
        if there != said:
            yield shelf, there, said


def without(counts: Counts, campaign_id: str) -> Counts:
    """The counts of all other campaigns."""
    return {shelf: count for shelf, count in counts.items() if shelf.campaign_id != campaign_id}


def codes_by_shelf(tables: Tables) -> Counts:
    """What there is."""
    rows = tables.ask("SELECT campaign, type, status, COUNT(*) FROM codes GROUP BY campaign, type, status")
    return {Shelf(campaign, code_type, CodeStatus(status)): count for campaign, code_type, status, count in rows}


def shards_by_shelf(tables: Tables) -> Counts:
    """What the shards say."""
    found: Counter[Shelf] = Counter()
    rows = tables.ask(
        "SELECT campaign, type, SUM(available), SUM(reserved), SUM(assigned) FROM shards GROUP BY campaign, type"
    )
    for campaign, code_type, *counts in rows:
        for status, count in zip(("available", "reserved", "assigned"), counts, strict=True):
            found[Shelf(campaign, code_type, CodeStatus(status))] += count
    return found
