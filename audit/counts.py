"""Whether the accounts agree: codes, inventory shards, inventory events, imports."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from audit.answers import HAS_DEAD_LETTER
from audit.checks import Check, findings_of
from audit.report import Finding
from audit.tables import Tables
from audit.terms import Terms
from handlers.inventory.reconcile import CountKey
from schemas.base import CodeStatus

LATEST_EVENTS: Final = (
    "(SELECT campaign || ':' || type || ':' || shard AS id, MAX(version) AS version, available, reserved, assigned"
    " FROM shard_events GROUP BY campaign, type, shard)"
)
"""Each shard as the event of its highest version says."""
ENDS: Final = "(SELECT * FROM import_events WHERE state <> 'running')"

CHECKS: Final = (
    Check(
        "drift",
        "shard {0}: version {1} was published, the database has {2}",
        f"SELECT e.id, e.version, COALESCE(s.version, 0) FROM {LATEST_EVENTS} e LEFT JOIN shards s ON s.id = e.id"
        " WHERE e.version > COALESCE(s.version, 0)",
    ),
    Check(
        "drift",
        "shard {0}: version {1} was published with other counts",
        f"SELECT e.id, e.version FROM {LATEST_EVENTS} e JOIN shards s ON s.id = e.id AND s.version = e.version WHERE"
        " (e.available, e.reserved, e.assigned) <> (s.available, s.reserved, s.assigned)",
    ),
    Check(
        "drift",
        "shard {0}: version {1} was never published, the last one published is {2}",
        f"SELECT s.id, s.version, COALESCE(e.version, 0) FROM shards s LEFT JOIN {LATEST_EVENTS} e ON s.id = e.id"
        " WHERE s.version > COALESCE(e.version, 0) AND s.changed BETWEEN :counted_from AND :published"
        " AND (:quiet OR s.id NOT LIKE '%:import.commands.v1.%')",
    ),
    Check(
        "drift",
        "import {0}: an event's rows_read is not inserted + duplicates + rejected",
        "SELECT import_id FROM import_events WHERE rows_read <> inserted + duplicates + rejected",
    ),
    Check(
        "drift",
        "import {0}: its document's rows_read is not inserted + duplicates + rejected",
        "SELECT id FROM imports WHERE rows_read <> inserted + in_file + in_campaign + rejected",
    ),
    Check(
        "doubled",
        "import {0}: ended in two ways",
        f"SELECT import_id FROM {ENDS} WHERE NOT many GROUP BY import_id HAVING MIN(figures) <> MAX(figures)",
    ),
    Check(
        "lost",
        "import {0}: sent {1} times, ended {2} times",
        "SELECT * FROM (SELECT id, COUNT(*) AS sent,"
        f" (SELECT COUNT(*) FROM {ENDS} e WHERE e.import_id = a.id) AS ended FROM incoming a"
        f" WHERE kind = 3 AND served AND id IS NOT NULL AND NOT {HAS_DEAD_LETTER}"
        " AND ts BETWEEN :ended_from AND :until GROUP BY id)"
        " WHERE ended < sent",
    ),
    Check(
        "drift",
        "import {0}: its end event and its document differ",
        f"SELECT DISTINCT i.id FROM imports i JOIN {ENDS} e ON e.import_id = i.id"
        " WHERE NOT e.many AND e.inserted <> i.inserted",
    ),
    Check(
        "drift",
        "import {0}: there are {1} codes of it, its document says {2}",
        "WITH brought AS MATERIALIZED (SELECT import_id AS id, COUNT(*) AS n FROM codes GROUP BY import_id),"
        " every AS (SELECT id FROM brought UNION SELECT id FROM imports)"
        " SELECT every.id, COALESCE(b.n, 0), COALESCE(i.inserted, 0) FROM every"
        " LEFT JOIN brought b ON b.id = every.id LEFT JOIN imports i ON i.id = every.id"
        " WHERE COALESCE(b.n, 0) <> COALESCE(i.inserted, 0)"
        " AND (:quiet OR i.id IS NULL OR (i.state <> 'running' AND i.changed <= :settled))",
    ),
    Check(
        "drift",
        "there are {0} codes, the imports' end events say {1}",
        "SELECT * FROM (SELECT (SELECT COUNT(*) FROM codes) AS stored, (SELECT COALESCE(SUM(inserted), 0) FROM"
        f" (SELECT MAX(inserted) AS inserted FROM {ENDS} WHERE NOT many GROUP BY import_id)) AS imported)"
        " WHERE :whole AND stored <> imported",
    ),
)

Counts = Mapping[CountKey, int]
Recounted = Mapping[str, tuple[Counts, Counts]]
"""By campaign: its codes and its shards, counted in one snapshot."""


def check_accounts(
    tables: Tables, terms: Terms, recounted: Recounted, not_counted: Sequence[str]
) -> Iterator[Finding]:
    """Compare codes, shards, events and imports. Campaigns that could not be counted in one snapshot are left out."""
    for count_key, by_codes, by_shards in differing(tables, recounted):
        if count_key.campaign_id not in not_counted:
            yield Finding("drift", f"{count_key}: there are {by_codes} codes, the inventory shards say {by_shards}")
    yield from findings_of(CHECKS, tables, terms.parameters())


def differing(tables: Tables, recounted: Recounted) -> Iterator[tuple[CountKey, int, int]]:
    """Counts that differ: what is counted, by codes, by shards."""
    codes, shards = codes_by_key(tables), shards_by_key(tables)
    for campaign_id, (by_codes, by_shards) in recounted.items():
        codes = {**without(codes, campaign_id), **by_codes}
        shards = {**without(shards, campaign_id), **by_shards}
    for count_key in sorted(codes.keys() | shards.keys()):
        if codes.get(count_key, 0) != shards.get(count_key, 0):
            yield count_key, codes.get(count_key, 0), shards.get(count_key, 0)


def without(counts: Counts, campaign_id: str) -> Counts:
    """The counts of all other campaigns."""
    return {count_key: count for count_key, count in counts.items() if count_key.campaign_id != campaign_id}


def codes_by_key(tables: Tables) -> Counts:
    """Codes of a damaged document are not counted: a finding names it."""
    statuses = ", ".join(f"'{status}'" for status in CodeStatus)
    rows = tables.rows(
        "SELECT campaign, type, status, COUNT(*) FROM codes WHERE campaign IS NOT NULL AND type IS NOT NULL"
        f" AND status IN ({statuses}) GROUP BY campaign, type, status"
    )
    return {CountKey(campaign, code_type, CodeStatus(status)): count for campaign, code_type, status, count in rows}


def shards_by_key(tables: Tables) -> Counts:
    """The sums over the shards."""
    found: Counter[CountKey] = Counter()
    rows = tables.rows(
        "SELECT campaign, type, SUM(available), SUM(reserved), SUM(assigned) FROM shards GROUP BY campaign, type"
    )
    for campaign, code_type, *counts in rows:
        for status, count in zip(("available", "reserved", "assigned"), counts, strict=True):
            found[CountKey(campaign, code_type, CodeStatus(status))] += count
    return found
