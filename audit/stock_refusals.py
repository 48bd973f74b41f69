"""Refusals `out_of_stock` at a moment when there surely was enough.

In:       refusals, and the events of `inventory.v1`.
Out:      findings `wrong`.
Promise:  judged only where it is sure. The decision fell between the request's record and its answer. Each shard's
          versions are in order, but there is no order between shards; so for each shard the least `available` that
          it can have had in that time counts, and their sum is less than what there was at any moment of it. If even
          that was enough, the refusal was wrong. A shard with a gap in its versions can have had less: then
          nothing is said. (Within a batch of reserves or assigns stock only falls, so that no batch hides a lower
          count; an import only adds, so a gap in its versions hides none either.)
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from audit.report import Finding
from audit.tables import Tables
from audit.terms import CLOCKS_APART_MS

MOMENTS_MAX: Final = 20_000
"""Moments looked at: refusals of one batch are one. The latest are taken."""
VERSIONS_MAX: Final = 50_000
"""Versions looked at for one moment; where more fall into it, nothing would be sure."""

MOMENTS: Final = """
    SELECT r.campaign, r.type, r.decided, MIN(r.quantity), MIN(a.asked), MIN(r.id), COUNT(*)
    FROM results r JOIN (SELECT id, MIN(ts) AS asked FROM asked GROUP BY id) a ON a.id = r.id
    WHERE r.reason = 'out_of_stock' AND a.asked <= r.decided + :apart
    GROUP BY r.campaign, r.type, r.decided ORDER BY r.decided DESC LIMIT :most
"""
VERSIONS: Final = """
    SELECT shard, version, available, cause, changed FROM events e
    WHERE campaign = :campaign AND type = :type AND changed <= :until AND version >= COALESCE((
        SELECT MAX(version) FROM events b WHERE b.campaign = e.campaign AND b.type = e.type AND b.shard = e.shard
        AND b.changed < :since), 0)
    ORDER BY shard, version LIMIT :most
"""
SHARDS: Final = """
    SELECT COUNT(*) FROM shards s WHERE campaign = :campaign AND type = :type AND NOT EXISTS (
        SELECT 1 FROM events e WHERE e.campaign = s.campaign AND e.type = s.type AND e.version = 1
        AND e.campaign || ':' || e.type || ':' || e.shard = s.id AND e.changed > :until)
"""
"""Those that were there: one whose first version is later had nothing."""


class Moment(NamedTuple):
    """Refusals that were decided together."""

    campaign: str
    type: str
    decided: int
    quantity: int
    """The least that was wanted."""
    asked: int
    request_id: str
    refusals: int


class Version(NamedTuple):
    """One event."""

    shard: str
    version: int
    available: int
    cause: str
    changed: int


def check_stock_refusals(tables: Tables) -> Iterator[Finding]:
    """One finding for each moment."""
    for row in list(tables.ask(MOMENTS, apart=CLOCKS_APART_MS, most=MOMENTS_MAX)):
        moment = Moment(*row)
        least = least_available(tables, moment)
        if least is not None and least >= moment.quantity:
            there = f"{moment.quantity} wanted, and never less than {least} available"
            more = f" (and {moment.refusals - 1} more)" if moment.refusals > 1 else ""
            yield Finding("wrong", f"request {moment.request_id}{more}: out_of_stock, {there}")


def least_available(tables: Tables, moment: Moment) -> int | None:
    """What there was at least; None if it is not sure."""
    of = {"campaign": moment.campaign, "type": moment.type, "until": moment.decided + CLOCKS_APART_MS}
    since = moment.asked - CLOCKS_APART_MS
    shards: dict[str, list[Version]] = {}
    for count, row in enumerate(tables.ask(VERSIONS, **of, since=since, most=VERSIONS_MAX + 1)):
        if count == VERSIONS_MAX:
            return None
        shards.setdefault(row[0], []).append(Version(*row))
    if len(shards) < tables.number(SHARDS, **of):
        return None
    least = [least_of(versions, since) for versions in shards.values()]
    return None if None in least else sum(count for count in least if count is not None)


def least_of(versions: list[Version], since: int) -> int | None:
    """The least that one shard can have had; None if a version is not known that can have had less."""
    first = versions[0]
    if first.changed >= since and first.version > 1:
        return None
    least, before = (first.available if first.changed < since else 0), first.version
    for version in versions:
        if version.version > before + 1 and version.cause != "import":
            return None
        least, before = min(least, version.available), version.version
    return least
